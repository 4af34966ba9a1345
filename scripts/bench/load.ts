/**
 * The load: a program that schedules posts over so many connections, each sending its next request when it has its
 * answer. The same for us and for the floor. It says how much of a core it used, for when that was too much.
 */
import { openConnection } from "./connection.ts";
import { answerParent } from "./parent.ts";
import { samplePost } from "./sample-post.ts";
import { percentile } from "./statistics.ts";

export interface LoadOrder {
  kind: "schedule";
  /** Of the server, without a path. */
  url: string;
  apiKey: string;
  socialAccountId: string;
  connections: number;
  /** Posts in a request; null: one, by the address for one. */
  bulk: number | null;
  /** Not measured. */
  warmUp: Until;
  measured: Until;
}

export type Until = { ms: number } | { requests: number };

export interface LoadReport {
  /** Answered in the measured time. */
  requests: number;
  /** Also those of warming up. */
  postsInAll: number;
  postsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** Of this process, as a share of one core. */
  cpuShare: number;
}

const dueInMs = 86_400_000;
const dueWithinMs = 30 * 86_400_000;
/** Makes the Idempotency-Keys of one life of this process unlike those of any other. */
const life = `${process.pid}-${Date.now()}`;
let made = 0;

if (import.meta.main) {
  answerParent({}, async (order: LoadOrder) => {
    const url = new URL(order.url);
    const connections = await Promise.all(Array.from({ length: order.connections }, () => openConnection(url)));
    try {
      const write = (number: number) => writeRequest(order, url, number);
      const before = made;
      await round(order.warmUp);
      const cpu = process.cpuUsage();
      const { latencies, elapsedMs } = await round(order.measured);
      const { user, system } = process.cpuUsage(cpu);
      const sorted = latencies.toSorted((a, b) => a - b);
      const perRequest = order.bulk ?? 1;
      return {
        requests: sorted.length,
        postsInAll: (made - before) * perRequest,
        postsPerSecond: (sorted.length * perRequest * 1_000) / elapsedMs,
        p50Ms: percentile(sorted, 0.5),
        p99Ms: percentile(sorted, 0.99),
        maxMs: sorted.at(-1) ?? 0,
        cpuShare: (user + system) / 1_000 / elapsedMs,
      } satisfies LoadReport;

      async function round(until: Until): Promise<{ latencies: number[]; elapsedMs: number }> {
        const latencies: number[] = [];
        const started = performance.now();
        let left = "requests" in until ? until.requests : Infinity;
        const endsAt = "ms" in until ? started + until.ms : Infinity;
        await Promise.all(
          connections.map(async (connection) => {
            while (left > 0 && performance.now() < endsAt) {
              left -= 1;
              made += 1;
              const request = write(made);
              const sent = performance.now();
              const { status, body } = await connection.ask(request);
              if (status !== 201) throw new Error(`answered ${status}: ${body.toString().slice(0, 500)}`);
              latencies.push(performance.now() - sent);
            }
          }),
        );
        return { latencies, elapsedMs: performance.now() - started };
      }
    } finally {
      for (const connection of connections) connection.close();
    }
  });
}

function writeRequest({ apiKey, socialAccountId, bulk }: LoadOrder, url: URL, number: number): string {
  const post = (index: number) => {
    const dueAtMs = Date.now() + dueInMs + Math.floor(Math.random() * dueWithinMs);
    return samplePost(socialAccountId, number * (bulk ?? 1) + index, dueAtMs);
  };
  const body = JSON.stringify(
    bulk === null ? post(0) : { posts: Array.from({ length: bulk }, (_, index) => post(index)) },
  );
  return [
    `POST /v1/posts${bulk === null ? "" : "/bulk"} HTTP/1.1`,
    `host: ${url.host}`,
    `authorization: Bearer ${apiKey}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    `idempotency-key: ${life}-${number}`,
    "",
    body,
  ].join("\r\n");
}
