/** What a run left behind: the sandbox's ledger, which alone knows what became visible, and the rows of Postgres. */
import type { PostStatus } from "@punctual/core";
import type { Database } from "@punctual/db";
import { nonceOf } from "./journal.ts";

export interface LedgerEntry {
  sequence: number;
  receivedAt: string;
  platform: string;
  account: string;
  /** Ours; of a network that is not told it, found by what the post says. */
  postId: string | null;
  outcome: "accepted" | "repeat" | "refused";
  status: number | null;
  fault: string | null;
  bodyChanged: boolean;
  content: { text: string };
}

export interface PostRow {
  id: string;
  platform: string;
  accountId: string;
  text: string;
  status: PostStatus;
  revision: number;
  generation: number;
  outcomeOpen: boolean;
  scheduledAt: Date;
  nextAttemptAt: Date;
  latenessMs: number | null;
  requestId: string | null;
}

export interface AttemptRow {
  postId: string;
  number: number;
  worker: string;
  phase: "preparing" | "sending";
  outcome: string | null;
  code: string | null;
  startedAt: Date;
  sentAt: Date | null;
  endedAt: Date | null;
}

export interface Evidence {
  posts: PostRow[];
  attempts: Map<string, AttemptRow[]>;
  ledger: Map<string, LedgerEntry[]>;
  /** Entries the ledger had to drop: then it does not know everything. */
  dropped: number;
  /** How often posts became unconfirmed, and how that ended by itself. */
  unconfirmed: { became: number; found: number; absent: number };
}

const ledgerPageMax = 5_000;

export async function gatherEvidence(database: Database, sandboxUrl: string): Promise<Evidence> {
  const posts = await database.prisma.$queryRaw<PostRow[]>`
    SELECT id, platform, social_account_id AS "accountId", content AS text, status, revision, generation,
           outcome_open AS "outcomeOpen", scheduled_at AS "scheduledAt", next_attempt_at AS "nextAttemptAt",
           lateness_ms AS "latenessMs", request_id AS "requestId"
    FROM posts`;
  const attempts = await database.prisma.$queryRaw<AttemptRow[]>`
    SELECT post_id AS "postId", number, worker, phase, outcome, code, started_at AS "startedAt", sent_at AS "sentAt",
           ended_at AS "endedAt"
    FROM attempts ORDER BY number`;
  const [unconfirmed] = await database.prisma.$queryRaw<[Evidence["unconfirmed"]]>`
    SELECT count(*) FILTER (WHERE type = 'post.unconfirmed')::integer AS became,
           count(*) FILTER (WHERE type = 'post.published' AND data ? 'confirmed')::integer AS found,
           count(*) FILTER (WHERE type IN ('post.retrying', 'post.failed') AND data ? 'provedAbsent')::integer AS absent
    FROM events`;
  const { entries, dropped } = await readLedger(sandboxUrl, posts);
  return {
    posts,
    attempts: Map.groupBy(attempts, ({ postId }) => postId),
    ledger: Map.groupBy(entries, ({ postId }) => postId ?? ""),
    dropped,
    unconfirmed,
  };
}

/**
 * Everything the sandbox took or refused, oldest first.
 *
 * @param posts among which those are looked for that arrived without an id of ours
 */
export async function readLedger(
  sandboxUrl: string,
  posts: readonly Pick<PostRow, "id" | "text">[] = [],
): Promise<{ entries: LedgerEntry[]; dropped: number }> {
  const idOf = new Map(posts.map(({ id, text }) => [nonceOf(text), id]));
  const entries: LedgerEntry[] = [];
  for (let after: number | null = 0; after !== null;) {
    const url = new URL(`/_ledger?limit=${ledgerPageMax}&after=${after}`, sandboxUrl);
    const page = (await (await fetch(url)).json()) as {
      data: LedgerEntry[];
      dropped: number;
      nextAfter: number | null;
    };
    for (const {
      sequence,
      receivedAt,
      platform,
      account,
      postId,
      outcome,
      status,
      fault,
      bodyChanged,
      content,
    } of page.data) {
      const { text } = content;
      const nonce = nonceOf(text);
      entries.push({
        sequence,
        receivedAt,
        platform,
        account,
        postId: postId ?? (nonce === null ? null : (idOf.get(nonce) ?? null)),
        outcome,
        status,
        fault,
        bodyChanged,
        content: { text },
      });
    }
    if (page.nextAfter === null) return { entries, dropped: page.dropped };
    after = page.nextAfter;
  }
  throw new Error("the ledger never ends");
}
