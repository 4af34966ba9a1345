/** A post as it would be after a patch, or what is wrong with it. Pure. */
import { checksAhead, needsPreparing, postLimits, type Platform, type ValidationIssue } from "@punctual/core";
import type { EditablePost, PostRecord } from "@punctual/db";
import { isObject, mergeObject } from "../merge-patch.ts";
import type { PostPatch } from "./edit-schemas.ts";
import { urlIssues } from "./post-draft.ts";
import { resolveEditedTime, type PostTime } from "./post-time.ts";

export type MergeResult =
  | { kind: "merged"; edited: EditablePost; changed: string[] }
  | { kind: "issues"; issues: ValidationIssue[] };

export function mergePost(post: PostRecord, patch: PostPatch, platform: Platform, now: Date): MergeResult {
  const time = mergeTime(post, patch, now);
  const content = {
    text: patch.text ?? post.text,
    media: merged(patch.media, post.media, []),
    link: merged(patch.link, post.link, null),
    options: patch.options === null ? {} : mergeObject(post.options, patch.options),
    metadata: patch.metadata === null ? {} : (mergeObject(post.metadata, patch.metadata) as Record<string, string>),
  };
  const issues = [
    ...urlIssues(content),
    ...platform.validatePost(content),
    ...metadataIssues(content.metadata),
    ...("issue" in time ? [time.issue] : []),
  ];
  if (issues.length > 0 || "issue" in time) return { kind: "issues", issues };

  const { graceMinutes, whenLate } = mergeLateness(post, patch);
  const sameGrace = time.scheduledAt.getTime() === post.scheduledAt.getTime() && graceMinutes === post.graceMinutes;
  const edited: EditablePost = {
    ...content,
    ...time,
    groupId: merged(patch.groupId, post.groupId, null),
    maxAttempts: merged(patch.maxAttempts, post.maxAttempts, postLimits.maxAttemptsDefault),
    graceMinutes,
    whenLate,
    needsPreparing: needsPreparing(platform, content),
    checksLeft: checksAhead(platform),
    // A retry may have moved the end of the grace; only a new time or grace moves it back.
    lateAt: sameGrace ? post.lateAt : new Date(time.scheduledAt.getTime() + graceMinutes * 60_000),
  };
  return { kind: "merged", edited, changed: changedFields(post, edited) };
}

function mergeTime(post: PostRecord, patch: PostPatch, now: Date): PostTime | { issue: ValidationIssue } {
  const { scheduledAt: old, localTime: oldLocalTime, timeZone: oldTimeZone, timeAdjustment } = post;
  const untouched = { scheduledAt: old, localTime: oldLocalTime, timeZone: oldTimeZone, timeAdjustment };
  const { scheduledAt, localTime, timeZone } = patch;
  if (scheduledAt === undefined && localTime === undefined && timeZone === undefined) return untouched;

  // An instant replaces the wall clock; half a wall clock joins the other half.
  const wallClock =
    scheduledAt === undefined
      ? { localTime: merged(localTime, oldLocalTime, null), timeZone: merged(timeZone, oldTimeZone, null) }
      : { localTime: localTime ?? null, timeZone: timeZone ?? null };
  if (scheduledAt === undefined && wallClock.localTime === null && wallClock.timeZone === null) {
    return { scheduledAt: old, localTime: null, timeZone: null, timeAdjustment: null };
  }
  const input = {
    ...(scheduledAt === undefined ? {} : { scheduledAt }),
    ...(wallClock.localTime === null ? {} : { localTime: wallClock.localTime }),
    ...(wallClock.timeZone === null ? {} : { timeZone: wallClock.timeZone }),
  };
  const result = resolveEditedTime(input, old, now);
  return result.kind === "time" ? result.time : { issue: result.issue };
}

function mergeLateness(post: PostRecord, { lateness }: PostPatch): Pick<EditablePost, "graceMinutes" | "whenLate"> {
  if (lateness === null) return { graceMinutes: postLimits.graceMinutesDefault, whenLate: "miss" };
  return { graceMinutes: lateness?.graceMinutes ?? post.graceMinutes, whenLate: lateness?.then ?? post.whenLate };
}

/** Undefined leaves the old value, null goes back to the default. */
function merged<Value>(given: Value | null | undefined, old: Value, fallback: Value): Value {
  if (given === undefined) return old;
  return given ?? fallback;
}

function metadataIssues(metadata: Readonly<Record<string, string>>): ValidationIssue[] {
  const { metadataEntriesMax } = postLimits;
  if (Object.keys(metadata).length <= metadataEntriesMax) return [];
  return [{ path: "/metadata", code: "too_many", message: `must have at most ${metadataEntriesMax} fields` }];
}

/** By the names clients know; what only follows from another change is left out. */
function changedFields(post: PostRecord, edited: EditablePost): string[] {
  const { lateAt: _a, timeAdjustment: _b, needsPreparing: _c, checksLeft: _d, ...chosen } = edited;
  const names = Object.keys(chosen) as (keyof typeof chosen)[];
  const changed = names.filter((name) => JSON.stringify(sorted(post[name])) !== JSON.stringify(sorted(edited[name])));
  return [...new Set(changed.map((name) => publicNames[name] ?? name))];
}

const publicNames: Readonly<Partial<Record<keyof EditablePost, string>>> = {
  graceMinutes: "lateness",
  whenLate: "lateness",
};

/** Objects come back from Postgres with their fields in an order of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value) || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, child]) => [name, sorted(child)]),
  );
}
