/**
 * The test platforms: one for each guarantee a real network can give, reduced to what makes it that kind, so that a
 * publisher can be tried against each. All speak JSON; an error is `{error: {code, message}}`.
 *
 * A post goes in as `{text, postId, revision, key?, media?, link?, scheduledAt?}` and comes out as `201 {id, url}`.
 * `postId` and `revision` are the sender's own and for the ledger only: no platform goes by them.
 *
 * `/test/idempotent/:account` (ledger: `test_idempotent`): a repeat is harmless.
 *   POST /posts with the header `Idempotency-Key`. The repeat of a key gets the first answer again, with
 *   `idempotent-replayed: true`, and has no second effect.
 *
 * `/test/confirmable/:account` (`test_confirmable`): a repeat doubles, but the very thing can be read.
 *   POST /posts with `key` in the body: published at once; the same key twice is two posts.
 *   GET /posts?key= gives `{data, underWay}`: the post under that key, and whether a call with it is still being
 *   worked on and may yet publish.
 *   POST /handles creates a one-shot handle, `201 {handle, status}`, and shows readers nothing.
 *   POST /handles/:handle/publish publishes it, once: the second time is `409 duplicate`, an unknown one is 404.
 *   GET /handles/:handle gives `{handle, status, id?, url?}`, status being `unpublished`, `publishing` or `published`.
 *
 * `/test/at_most_once/:account` (`test_at_most_once`): a repeat doubles, and only a listing can be read.
 *   POST /posts. GET /posts?limit= (1 to 100, 20 if not said) lists the newest first as
 *   `{data: [{id, url, text, postedAt}]}`; a listing may lag (fault `lookup_lag`).
 *
 * On the last two an account told to refuse duplicates (`refuseDuplicates`) answers a text that it shows already with
 * `422 {error: {code: "duplicate", message, existingId}}`.
 */
import { type Static, Type } from "typebox";
import { accountParams } from "../accounts/routes.ts";
import type { Call, Effect } from "../exchange.ts";
import type { Stage } from "../faults/fault.ts";
import { readContent } from "../ledger/content.ts";
import type { Ledger, LedgerEntry } from "../ledger/ledger.ts";

export const postBody = Type.Object(
  {
    text: Type.String({ maxLength: 100_000 }),
    postId: Type.String({ minLength: 1, maxLength: 200 }),
    revision: Type.Integer({ minimum: 1 }),
    key: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    media: Type.Optional(
      Type.Array(Type.Object({ url: Type.String(), alt: Type.Optional(Type.String()) }), { maxItems: 20 }),
    ),
    link: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    scheduledAt: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type PostBody = Static<typeof postBody>;

export const publishing = { params: accountParams, body: postBody };

/** A call that brings a post along. */
export function callWith(
  post: PostBody,
  { platform, account, stage, key }: { platform: string; account: string; stage: Stage; key: string | null },
): Call {
  const { postId, revision } = post;
  return { platform, account, stage, postId, revision, key, content: readContent(post), describeError };
}

/** A call that looks for a post. */
export function lookUp(platform: string, account: string, stage: "read" | "list", key: string | null): Call {
  return { platform, account, stage, postId: null, revision: null, key, content: null, describeError };
}

export function published({ id, url }: { id: string; url: string }): Effect {
  return {
    answer: { status: 201, body: { id, url } },
    entry: { outcome: "accepted", externalId: id, externalUrl: url },
  };
}

/** A call to publish that is refused by the platform's own rules. */
export function refused(status: number, code: string, message: string, more: { existingId?: string } = {}): Effect {
  return {
    answer: { status, body: { error: { code, message, ...more } } },
    entry: { outcome: "refused", reason: code },
  };
}

/** The refusal of a text that the account shows already. */
export function refusedDuplicate(ledger: Ledger, { platform, account, content }: Call): Effect | null {
  for (const entry of visiblePosts(ledger, platform, account)) {
    if (entry.content.text !== content?.text) continue;
    return refused(422, "duplicate", "This text was posted already.", { existingId: entry.externalId ?? "" });
  }
  return null;
}

/** An account's posts as readers see them, newest first. */
export function* visiblePosts(ledger: Ledger, platform: string, account: string): Iterable<LedgerEntry> {
  for (const entry of ledger.newest()) {
    if (entry.outcome === "accepted" && entry.platform === platform && entry.account === account) yield entry;
  }
}

export function describePost({ externalId, externalUrl, content, receivedAt }: LedgerEntry) {
  return { id: externalId, url: externalUrl, text: content.text, postedAt: receivedAt };
}

export function describeError(status: number): unknown {
  return { error: { code: "commanded", message: `commanded to answer ${status}` } };
}
