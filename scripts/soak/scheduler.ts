/**
 * The soak's load: a program that schedules posts one a request at a steady pace, whatever the pace of the answers, each
 * a little ahead of its instant. A request that had to wait for a free connection counts from when it should have left.
 */
import { setTimeout as pause } from "node:timers/promises";
import { openConnection, type Answer } from "../bench/connection.ts";
import { answerParent } from "../bench/parent.ts";
import { samplePost } from "../bench/sample-post.ts";

export interface SchedulerOrder {
  kind: "start";
  /** Of the API, without a path. */
  url: string;
  apiKey: string;
  socialAccountId: string;
  perSecond: number;
  connections: number;
  /** Instants are spread evenly between these, counted from the request, in milliseconds. */
  ahead: { fromMs: number; toMs: number };
}

export type SchedulerQuestion =
  | SchedulerOrder
  /** Answers `SchedulerNews` since the last time. */
  | { kind: "takeNew" }
  /** Starts no more requests; answers when the last one is answered. */
  | { kind: "stop" };

export interface ScheduledPost {
  id: string;
  /** Since 1970. */
  dueAtMs: number;
}

export interface SchedulerNews {
  posts: ScheduledPost[];
  latenciesMs: number[];
  /** What was answered instead, in words. */
  refusals: string[];
}

/** Under one Idempotency-Key: an answer that got lost is asked for again. */
const triesMax = 3;

if (import.meta.main) {
  let news: SchedulerNews = { posts: [], latenciesMs: [], refusals: [] };
  let stopped = false;
  let running: Promise<unknown> = Promise.resolve();

  answerParent({}, async (question: SchedulerQuestion) => {
    switch (question.kind) {
      case "start":
        running = start(question);
        return null;
      case "takeNew": {
        const told = news;
        news = { posts: [], latenciesMs: [], refusals: [] };
        return told;
      }
      case "stop":
        stopped = true;
        await running;
        return null;
    }
  });

  async function start(order: SchedulerOrder): Promise<void> {
    const startedAt = performance.now();
    let next = 0;
    const shouldLeaveAt = (turn: number) => startedAt + (turn * 1_000) / order.perSecond;
    await Promise.all(
      Array.from({ length: order.connections }, async () => {
        const ask = openAsking(new URL(order.url));
        while (!stopped) {
          const turn = next;
          next += 1;
          const waitMs = shouldLeaveAt(turn) - performance.now();
          if (waitMs > 0) await pause(waitMs);
          if (stopped) break;
          await schedule(order, turn, ask, waitMs > 0 ? performance.now() : shouldLeaveAt(turn));
        }
        ask.close();
      }),
    );
  }

  async function schedule(order: SchedulerOrder, turn: number, ask: Asking, fromMs: number): Promise<void> {
    const { fromMs: nearest, toMs: farthest } = order.ahead;
    const dueAtMs = Date.now() + nearest + Math.floor(Math.random() * (farthest - nearest));
    try {
      const { status, body } = await ask.post(writeRequest(order, turn, dueAtMs));
      const text = body.toString();
      if (status !== 201) throw new Error(`answered ${status}: ${text.slice(0, 300)}`);
      news.posts.push({ id: (JSON.parse(text) as { id: string }).id, dueAtMs });
      news.latenciesMs.push(performance.now() - fromMs);
    } catch (error) {
      news.refusals.push((error as Error).message);
    }
  }
}

interface Asking {
  /** @throws when no try was answered */
  post(request: string): Promise<Answer>;
  close(): void;
}

function openAsking(url: URL): Asking {
  let opening = openConnection(url);
  return {
    async post(request) {
      for (let tries = 1; ; tries += 1) {
        try {
          const connection = await opening;
          return await connection.ask(request);
        } catch (error) {
          if (tries === triesMax) throw error;
          opening = openConnection(url);
        }
      }
    },
    close: () => void opening.then((connection) => connection.close()).catch(() => {}),
  };
}

function writeRequest({ url, apiKey, socialAccountId }: SchedulerOrder, turn: number, dueAtMs: number): string {
  const body = JSON.stringify(samplePost(socialAccountId, turn, dueAtMs));
  return [
    "POST /v1/posts HTTP/1.1",
    `host: ${new URL(url).host}`,
    `authorization: Bearer ${apiKey}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    `idempotency-key: soak-${process.pid}-${turn}`,
    "",
    body,
  ].join("\r\n");
}
