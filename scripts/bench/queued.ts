/** What an answer puts off for later is paid for later: all of it must be in Redis soon, and that time is told. */
import { until } from "@punctual/testing";

const queueTimeoutMs = 60_000;

/** @returns how long it took from now until Redis had so many jobs, in milliseconds */
export async function waitForJobs(delayed: () => Promise<number>, count: number): Promise<number> {
  const started = performance.now();
  await until("Redis has all jobs", async () => (await delayed()) >= count, {
    timeoutMs: queueTimeoutMs,
    intervalMs: 5,
  });
  return performance.now() - started;
}
