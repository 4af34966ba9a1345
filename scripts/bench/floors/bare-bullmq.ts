/**
 * The floor of publishing: BullMQ alone. The content is in the job, the instant is its delay, the worker delivers, and
 * what Redis forgets is gone. No database, no claim, no attempts anybody could read, no protection from doubling. The
 * library is the one packages/queue has.
 */
import { randomUUID } from "node:crypto";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { answerParent } from "../parent.ts";
import { samplePost, type SamplePost } from "../sample-post.ts";
import { createDelivery } from "./signed-delivery.ts";

export type BareQuestion =
  /** Adds a job for each instant, in bulks. Answers the jobs' ids in that order. */
  | { kind: "add"; dueAtMs: readonly number[]; bulk: number; inFlight: number }
  /** The same, measured. Answers an `AddReport`. */
  | { kind: "measure"; warmUp: number; bulks: number; bulk: number; inFlight: number }
  /** Adds jobs that carry as much as ours do: an id and options as long, two fields of data. */
  | { kind: "addAlike"; count: number }
  | { kind: "work"; concurrency: number; url: string; secret: string };

export interface AddReport {
  perSecond: number;
}

const queueName = "bare";
/** As long as `publish-webhook`: it is part of every job's key. */
const alikeName = "bare-equal-long";
const socialAccountId = randomUUID();
const farAwayMs = 86_400_000;

if (import.meta.main) {
  const { REDIS_URL = "" } = process.env;
  const connection = new Redis(REDIS_URL, { maxRetriesPerRequest: null });
  const queue = new Queue<SamplePost>(queueName, { connection });
  await queue.waitUntilReady();
  let made = 0;

  answerParent({}, async (question: BareQuestion) => {
    switch (question.kind) {
      case "add":
        return addAll(question.dueAtMs, question);
      case "measure": {
        const { warmUp, bulks, bulk } = question;
        const instants = (count: number) => Array.from({ length: count * bulk }, () => Date.now() + farAwayMs);
        await addAll(instants(warmUp), question);
        const started = performance.now();
        await addAll(instants(bulks), question);
        return { perSecond: (bulks * bulk * 1_000) / (performance.now() - started) } satisfies AddReport;
      }
      case "addAlike":
        return addAlike(question.count);
      case "work":
        return work(question);
    }
  });

  async function addAll(
    dueAtMs: readonly number[],
    { bulk, inFlight }: { bulk: number; inFlight: number },
  ): Promise<string[]> {
    const ids: string[] = Array.from({ length: dueAtMs.length }, () => randomUUID());
    let next = 0;
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        while (next < dueAtMs.length) {
          const from = next;
          next += bulk;
          const now = Date.now();
          await queue.addBulk(
            dueAtMs.slice(from, from + bulk).map((dueAt, index) => ({
              name: "publish",
              data: samplePost(socialAccountId, (made += 1), dueAt),
              opts: {
                jobId: ids[from + index] ?? "",
                delay: Math.max(0, dueAt - now),
                attempts: 5,
                backoff: { type: "exponential", delay: 2_000 },
                removeOnComplete: true,
                removeOnFail: 5_000,
              },
            })),
          );
        }
      }),
    );
    return ids;
  }

  async function addAlike(count: number): Promise<void> {
    const alike = new Queue<{ postId: string; revision: number }>(alikeName, { connection });
    for (let added = 0; added < count; added += 1_000) {
      await alike.addBulk(
        Array.from({ length: Math.min(1_000, count - added) }, () => {
          const postId = randomUUID();
          return {
            name: "publish",
            data: { postId, revision: 1 },
            opts: {
              jobId: `${postId}_1_0`,
              delay: farAwayMs + Math.floor(Math.random() * 30 * farAwayMs),
              attempts: 5,
              backoff: { type: "exponential", delay: 2_000 },
              removeOnComplete: { age: 3_600, count: 1_000 },
              removeOnFail: { age: 604_800, count: 5_000 },
            },
          };
        }),
      );
    }
  }

  async function work({ concurrency, url, secret }: BareQuestion & { kind: "work" }): Promise<void> {
    const deliver = createDelivery(url, secret);
    const worker = new Worker<SamplePost>(queueName, (job) => deliver(job.id ?? "", job.data), {
      connection: connection.duplicate(),
      concurrency,
    });
    worker.on("error", (error) => console.error(error));
    worker.on("failed", (_job, error) => console.error(error));
    await worker.waitUntilReady();
  }
}
