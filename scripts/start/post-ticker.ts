/**
 * Says what happens to posts, one line each, demo posts and the reader's own alike. It follows the events in the
 * database, which are written in the very transaction of each change.
 */
import type { Database } from "@punctual/db";
import type { Service } from "@punctual/runtime";
import type { Terminal } from "./terminal.ts";

const intervalMs = 250;
/** Transactions may commit in another order than their events are numbered, by about this many. */
const overlap = 200n;
const batchSizeMax = 1_000;
/** More at once than this are counted instead of shown. */
const linesMax = 12;
const textLengthMax = 56;

interface TickerEvent {
  sequence: bigint;
  type: string;
  post: TickerPost | null;
}

interface TickerPost {
  platform: string;
  content: string;
  scheduledAt: Date;
  nextAttemptAt: Date;
  latenessMs: number | null;
  heldReason: string | null;
  failureMessage: string | null;
}

export function createPostTicker(database: Database, terminal: Terminal): Service {
  const seen = new Set<bigint>();
  let last = 0n;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const tick = async () => {
    const events = (await readEvents(database, last - overlap)).filter(({ sequence }) => !seen.has(sequence));
    for (const { sequence } of events) {
      seen.add(sequence);
      if (sequence > last) last = sequence;
    }
    for (const sequence of seen) if (sequence < last - overlap) seen.delete(sequence);
    if (events.length > linesMax) return terminal.note(summarize(events));
    for (const event of events) {
      const line = describe(event, terminal);
      if (line !== null) terminal.note(line);
    }
  };

  return {
    start: async () => {
      const newest = await database.prisma.event.findFirst({ orderBy: { sequence: "desc" } });
      last = newest?.sequence ?? 0n;
      for (const { sequence } of await readEvents(database, last - overlap)) seen.add(sequence);
      timer = setInterval(() => {
        // Postgres may be away for a while; what happened is still there afterwards.
        running ??= tick()
          .catch(() => {})
          .finally(() => (running = undefined));
      }, intervalMs);
    },
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

async function readEvents(database: Database, after: bigint): Promise<TickerEvent[]> {
  const events = await database.prisma.event.findMany({
    where: { sequence: { gt: after } },
    orderBy: { sequence: "asc" },
    take: batchSizeMax,
    select: { sequence: true, type: true, postId: true },
  });
  const ids = [...new Set(events.flatMap(({ postId }) => postId ?? []))];
  if (ids.length === 0) return events.map((event) => ({ ...event, post: null }));
  const posts = await database.prisma.post.findMany({
    where: { id: { in: ids } },
    select: {
      id: true,
      platform: true,
      content: true,
      scheduledAt: true,
      nextAttemptAt: true,
      latenessMs: true,
      heldReason: true,
      failureMessage: true,
    },
  });
  const byId = new Map(posts.map((post) => [post.id, post]));
  return events.map((event) => ({ ...event, post: byId.get(event.postId ?? "") ?? null }));
}

function describe({ type, post }: TickerEvent, { bold, dim }: Terminal): string | null {
  if (post === null) return null;
  const what = type.replace("post.", "");
  const where = post.platform.padEnd(9);
  const head = `${bold(what.padEnd(11))} ${where} ${quote(post.content)}`;
  if (what === "scheduled")
    return `${dim(what.padEnd(11))} ${dim(`${where} ${quote(post.content)} for ${clockTime(post.scheduledAt)}`)}`;
  if (what === "published") return `${head} ${dim(`${post.latenessMs ?? 0} ms after its instant`)}`;
  if (what === "retrying") return `${head} ${post.failureMessage ?? ""}, again at ${clockTime(post.nextAttemptAt)}`;
  if (what === "failed") return `${head} ${post.failureMessage ?? ""}`;
  if (what === "held") return `${head} ${post.heldReason ?? ""}`;
  return head;
}

function summarize(events: readonly TickerEvent[]): string {
  const counts = Map.groupBy(events, ({ type }) => type);
  return [...counts].map(([type, some]) => `${some.length} ${type.replace("post.", "")}`).join(", ");
}

function quote(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ");
  return `"${line.length > textLengthMax ? `${line.slice(0, textLengthMax - 1)}…` : line}"`;
}

function clockTime(instant: Date): string {
  return instant.toLocaleTimeString("en-GB");
}
