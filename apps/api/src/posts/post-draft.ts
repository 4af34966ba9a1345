/** A post about to be accepted: everything about it is decided here, from what the client gave and what is true now. */
import {
  checksAhead,
  needsPreparing,
  postLimits,
  type HeldReason,
  type Platform,
  type PostContent,
  type ValidationIssue,
} from "@punctual/core";
import { newId, type PostingAccount, type PostRecord } from "@punctual/db";
import { resolvePostTime } from "./post-time.ts";
import type { PostIn } from "./schemas.ts";

export interface DraftContext {
  companyId: string;
  requestId: string;
  /** By the database's clock. */
  now: Date;
  accounts: ReadonlyMap<string, PostingAccount>;
  platforms: ReadonlyMap<string, Platform>;
}

export type DraftResult =
  | { kind: "post"; post: PostRecord; account: PostingAccount }
  | { kind: "issues"; issues: ValidationIssue[] };

export const unknownAccountCode = "unknown_social_account";

/** Reports every fault at once; paths are relative to the post. */
export function draftPost(input: PostIn, context: DraftContext): DraftResult {
  const { now, accounts, platforms } = context;
  const content = contentOf(input);
  const account = accounts.get(input.socialAccountId.toLowerCase());
  const platform = account === undefined ? undefined : platforms.get(account.platform);
  const time = resolvePostTime(input, now);
  const issues = [
    ...accountIssues(account, platform),
    ...urlIssues(content),
    ...(platform?.validatePost(content) ?? []),
    ...(time.kind === "issue" ? [time.issue] : []),
  ];
  if (issues.length > 0 || account === undefined || platform === undefined || time.kind === "issue")
    return { kind: "issues", issues };

  const { scheduledAt } = time.time;
  const { graceMinutes, then } = input.lateness ?? { graceMinutes: postLimits.graceMinutesDefault, then: "miss" };
  const heldReason = heldReasonOf(account);
  const post: PostRecord = {
    id: newId(),
    companyId: context.companyId,
    socialAccountId: account.id,
    clientId: account.clientId,
    platform: account.platform,
    groupId: input.groupId ?? null,
    text: content.text,
    media: [...content.media],
    link: content.link,
    options: content.options,
    metadata: content.metadata,
    ...time.time,
    graceMinutes,
    whenLate: then,
    lateAt: new Date(scheduledAt.getTime() + graceMinutes * 60_000),
    status: heldReason === null ? "scheduled" : "held",
    heldReason,
    outcomeOpen: false,
    revision: 1,
    generation: 0,
    needsPreparing: needsPreparing(platform, content),
    checksLeft: checksAhead(platform),
    maxAttempts: input.maxAttempts ?? postLimits.maxAttemptsDefault,
    attempts: 0,
    nextAttemptAt: scheduledAt,
    publishedAt: null,
    latenessMs: null,
    externalId: null,
    externalUrl: null,
    failureCategory: null,
    failureCode: null,
    failureMessage: null,
    failedAt: null,
    requestId: context.requestId,
    createdAt: now,
    updatedAt: now,
  };
  return { kind: "post", post, account };
}

function contentOf(input: PostIn): PostContent {
  return {
    text: input.text,
    media: input.media ?? [],
    link: input.link ?? null,
    options: input.options ?? {},
    metadata: input.metadata ?? {},
  };
}

/** What must be reconnected cannot be helped by resuming, so that reason comes first. */
export function heldReasonOf({ status, paused }: PostingAccount): HeldReason | null {
  if (status === "needs_reconnect") return "needs_reconnect";
  return paused ? "paused" : null;
}

function accountIssues(account: PostingAccount | undefined, platform: Platform | undefined): ValidationIssue[] {
  const path = "/socialAccountId";
  if (account === undefined) return [{ path, code: unknownAccountCode, message: "there is no such social account" }];
  if (platform === undefined) {
    return [{ path, code: "unknown_platform", message: `this version cannot publish to ${account.platform}` }];
  }
  return [];
}

/** What the schema's pattern lets through and is no URL all the same. */
export function urlIssues({ media, link }: PostContent): ValidationIssue[] {
  const urls = [
    ...media.map(({ url }, index) => ({ path: `/media/${index}/url`, url })),
    ...(link === null ? [] : [{ path: "/link", url: link }]),
  ];
  return urls.flatMap(({ path, url }) => {
    if (!URL.canParse(url)) return [{ path, code: "invalid_url", message: "not a valid URL" }];
    const { username, password } = new URL(url);
    if (username === "" && password === "") return [];
    return [{ path, code: "invalid_url", message: "a URL must not hold a user or password" }];
  });
}
