/**
 * Publishing seen from where posts arrive: schedule posts for given instants, and write down when each came. The same
 * rounds for Punctual and for bare BullMQ, measured by the same receiver.
 */
import { randomBytes } from "node:crypto";
import { until } from "@punctual/testing";
import { Webhook } from "standardwebhooks";
import type { BareQuestion } from "./floors/bare-bullmq.ts";
import { startInstallation, type Installation, type InstallationOptions } from "./installation.ts";
import { startHelper, type Helper } from "./program.ts";
import type { FirstDelivery, Received } from "./receiver.ts";
import { file, type Stage } from "./stage.ts";

/** Workers of either side, and what gives them posts. */
export interface Publishing {
  /** @returns the posts' ids in the order of their instants */
  schedule(dueAtMs: readonly number[]): Promise<string[]>;
  /** Resolves once all posts ever scheduled count as published. */
  settled(): Promise<void>;
  /** What deliveries are signed with. */
  secret: string;
  stop(): Promise<void>;
}

export interface Round {
  /** By the instants given; in milliseconds since 1970. */
  dueAtMs: number[];
  arrivedAtMs: number[];
  /** Of the receiver, in milliseconds. */
  receiverCpuMs: number;
}

const settleTimeoutMs = 120_000;
const leadsMax = 4;
/** Time to schedule a round's posts, and for Redis to have their jobs. */
const leadMsPerPost = 0.3;
/** Everything must be in place so long before the first instant. */
const marginMs = 200;

export async function startPunctual(
  stage: Stage,
  options: Pick<InstallationOptions, "counted" | "imports"> = {},
): Promise<Publishing & Installation> {
  const { workers, workerConcurrency: concurrency } = stage.sizes;
  const installation = await startInstallation(stage, { workers, concurrency, ...options });
  const { own, tenant, stop } = installation;
  let scheduled = 0;
  return {
    ...installation,
    secret: tenant.secret,
    stop,
    schedule(dueAtMs) {
      scheduled += dueAtMs.length;
      return installation.schedule(dueAtMs);
    },
    async settled() {
      const published = async () => {
        const [row] = await own.database.prisma.$queryRaw<[{ ofHarness: number }]>`
          SELECT count(*)::int AS "ofHarness" FROM posts WHERE status = 'published'`;
        return row.ofHarness;
      };
      await until("all posts are published", async () => (await published()) >= scheduled, {
        timeoutMs: settleTimeoutMs,
        intervalMs: 100,
      });
    },
  };
}

export function startBareHelper(stage: Stage): Promise<Helper<BareQuestion>> {
  const environment = { REDIS_URL: stage.redisUrl };
  return startHelper({
    name: "bare-bullmq",
    file: file("floors/bare-bullmq.ts"),
    environment,
    directory: stage.directory,
  });
}

export async function startBare(stage: Stage): Promise<Publishing> {
  const { workers: count, workerConcurrency: concurrency } = stage.sizes;
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const url = String(stage.receiver.ready["url"]);
  const [producer, ...workers] = await Promise.all(Array.from({ length: count + 1 }, () => startBareHelper(stage)));
  if (producer === undefined) throw new Error("nobody adds jobs");
  await Promise.all(workers.map((worker) => worker.ask({ kind: "work", concurrency, url, secret })));
  return {
    schedule: (dueAtMs) => producer.ask<string[]>({ kind: "add", dueAtMs, bulk: 1_000, inFlight: 1 }),
    // A job has arrived before BullMQ is done with it.
    async settled() {
      const left = async () =>
        (await stage.redis.llen("bull:bare:active")) + (await stage.redis.llen("bull:bare:wait"));
      await until("all jobs are done with", async () => (await left()) === 0, { timeoutMs: settleTimeoutMs });
    },
    secret,
    stop: async () => void (await Promise.all([producer, ...workers].map((helper) => helper.stop()))),
  };
}

export interface RoundOrder {
  /** How late the receiver answers, in milliseconds. */
  delayMs: number;
  /** How many posts there will be. */
  count: number;
  /** Their instants, none before the given one, in milliseconds since 1970. */
  instants: (fromMs: number) => number[];
  /** Called when all is in place, with what waits until the posts have gone out. */
  watch?: (goOut: () => Promise<void>) => Promise<void>;
}

/**
 * One round: every post arrived exactly once, or this throws. A round that was not in place in time is made again with
 * more of it, after its posts have gone out.
 */
export async function runRound(stage: Stage, side: Publishing, order: RoundOrder): Promise<Round> {
  let leadMs = 1_000 + order.count * leadMsPerPost;
  for (let tries = 1; tries <= leadsMax; tries += 1) {
    await stage.receiver.ask({ kind: "reset", delayMs: order.delayMs });
    const dueAtMs = order.instants(Date.now() + leadMs);
    const ids = await side.schedule(dueAtMs);
    const inTime = Date.now() <= Math.min(...dueAtMs) - marginMs;
    const timeoutMs = Math.max(...dueAtMs) - Date.now() + settleTimeoutMs;
    const goOut = async () => {
      await stage.receiver.ask({ kind: "await", count: ids.length, timeoutMs });
      await side.settled();
    };
    await (order.watch ?? ((wait) => wait()))(goOut);
    const received = await stage.receiver.ask<Received>({ kind: "take" });
    if (inTime) return toRound(ids, dueAtMs, received, side.secret);
    leadMs *= 2;
  }
  throw new Error(`the posts of a round were never in place in time, not even ${leadMs / 2} ms ahead`);
}

function toRound(ids: readonly string[], dueAtMs: number[], received: Received, secret: string): Round {
  const arrivals = new Map(received.deliveries.map(({ id, atMs }) => [id, atMs]));
  if (received.deliveries.length !== arrivals.size) throw new Error("a post arrived twice");
  if (received.first === null) throw new Error("nothing arrived");
  checkSignature(received.first, secret);
  const arrivedAtMs = ids.map((id) => {
    const atMs = arrivals.get(id);
    if (atMs === undefined) throw new Error(`${ids.length - arrivals.size} of ${ids.length} posts did not arrive`);
    return atMs;
  });
  return { dueAtMs, arrivedAtMs, receiverCpuMs: received.cpuMs };
}

/** Both sides do the same work. @throws if the delivery is not signed as the specification says */
function checkSignature({ headers, body }: FirstDelivery, secret: string): void {
  new Webhook(secret).verify(body, headers);
}

/** Posts of a round that are not measured: connections are opened, and the engine has seen the code. */
export async function warmUp(stage: Stage, side: Publishing): Promise<void> {
  const count = stage.sizes.drain.warmUp;
  await runRound(stage, side, {
    delayMs: 0,
    count,
    instants: (fromMs) => Array.from({ length: count }, () => Math.ceil(fromMs)),
  });
}
