/**
 * Probe jobs: sent through every queue again and again, delayed a moment like a post's job, to prove that jobs flow.
 * They carry nothing and leave nothing behind. Several processes that send at the same time send the same one.
 */
import type { Job, Queue } from "bullmq";
import type { Redis } from "ioredis";

const jobName = "probe";
/** How often probes are to be sent, in milliseconds. */
export const probeIntervalMs = 10_000;
/** A queue whose last probe came through longer ago than this brings nothing, in milliseconds. */
export const probeSilenceMaxMs = 45_000;
/** Long enough that it goes the whole way, through the delayed set, in milliseconds. */
const delayMs = 500;
/** So many may wait in a queue that nobody takes from; older ones are taken back. */
const waitingMax = 6;

/** One through each of the queues, all at the same time: nothing is to wake up more often than it must. */
export async function sendProbes(redis: Redis, queues: readonly Queue[], now: number): Promise<void> {
  const slot = Math.floor(now / probeIntervalMs);
  const old = idOf(slot - waitingMax);
  // There is one only where nobody takes jobs.
  const isStuck = (await redis.exists(queues.map((queue) => queue.toKey(old)))) > 0;
  if (isStuck) await Promise.all(queues.map((queue) => queue.remove(old)));
  const options = { jobId: idOf(slot), delay: delayMs, removeOnComplete: true, removeOnFail: true };
  await Promise.all(queues.map((queue) => queue.add(jobName, {}, options)));
}

export function isProbe(job: Pick<Job, "id" | "name">): boolean {
  return job.name === jobName && job.id?.startsWith(`${jobName}_`) === true;
}

function idOf(slot: number): string {
  return `${jobName}_${slot}`;
}
