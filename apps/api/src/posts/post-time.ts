/**
 * When a post is to go out: an instant, a wall-clock time in a zone, or now. A wall clock is resolved here, once, when
 * the post is accepted, and what daylight saving did to it is kept: a time that does not exist moves forward by the
 * gap, of a time that exists twice the first is taken (Temporal's `compatible`).
 */
import { postLimits, type ValidationIssue } from "@punctual/core";
import { Temporal } from "temporal-polyfill";

export interface TimeInput {
  /** RFC 3339. */
  scheduledAt?: string;
  /** `2027-03-28T02:30`, with or without seconds. */
  localTime?: string;
  /** IANA name. */
  timeZone?: string;
}

export type TimeAdjustment = "none" | "gap" | "overlap";

export interface PostTime {
  scheduledAt: Date;
  localTime: string | null;
  timeZone: string | null;
  timeAdjustment: TimeAdjustment | null;
}

export type PostTimeResult = { kind: "time"; time: PostTime } | { kind: "issue"; issue: ValidationIssue };

/** @param now by the database's clock */
export function resolvePostTime(input: TimeInput, now: Date): PostTimeResult {
  const result = readPostTime(input, now);
  return result.kind === "time" ? keepInBounds(result, input, now) : result;
}

/** A time that was accepted before stays acceptable, however long ago it was. */
export function resolveEditedTime(input: TimeInput, accepted: Date, now: Date): PostTimeResult {
  const result = readPostTime(input, now);
  if (result.kind === "issue" || result.time.scheduledAt.getTime() === accepted.getTime()) return result;
  return keepInBounds(result, input, now);
}

function keepInBounds(result: { kind: "time"; time: PostTime }, input: TimeInput, now: Date): PostTimeResult {
  const { scheduledAt } = result.time;
  const path = input.localTime === undefined ? "/scheduledAt" : "/localTime";
  if (scheduledAt.getTime() < now.getTime() - postLimits.pastToleranceMs) {
    const message = `${scheduledAt.toISOString()} is more than ${postLimits.pastToleranceMs / 1_000} s in the past`;
    return issue(path, "scheduled_in_past", message);
  }
  if (scheduledAt.getTime() - now.getTime() > neverTooFarMs && scheduledAt > latestInstant(now)) {
    const message = `${scheduledAt.toISOString()} is more than ${postLimits.yearsAheadMax} years ahead`;
    return issue(path, "scheduled_too_far_ahead", message);
  }
  return result;
}

function readPostTime({ scheduledAt, localTime, timeZone }: TimeInput, now: Date): PostTimeResult {
  if (scheduledAt !== undefined && (localTime !== undefined || timeZone !== undefined)) {
    const message = "give either scheduledAt or localTime with timeZone, not both";
    return issue(localTime === undefined ? "/timeZone" : "/localTime", "conflicting_times", message);
  }
  if (localTime !== undefined && timeZone === undefined) {
    return issue("/timeZone", "required", "localTime needs the timeZone it is meant in");
  }
  if (timeZone !== undefined && localTime === undefined) {
    return issue("/localTime", "required", "timeZone needs the localTime it belongs to");
  }
  if (localTime !== undefined && timeZone !== undefined) return readWallClock(localTime, timeZone);
  if (scheduledAt === undefined) return instant(now);
  const milliseconds = readInstant(scheduledAt);
  return milliseconds === null
    ? issue("/scheduledAt", "invalid_instant", "there is no such instant")
    : instant(new Date(milliseconds));
}

function readWallClock(localTime: string, timeZone: string): PostTimeResult {
  let wallClock: Temporal.PlainDateTime;
  try {
    wallClock = Temporal.PlainDateTime.from(localTime);
  } catch {
    return issue("/localTime", "invalid_local_time", "there is no such date and time");
  }
  let earlier: Temporal.ZonedDateTime;
  try {
    earlier = wallClock.toZonedDateTime(timeZone, { disambiguation: "earlier" });
  } catch {
    return issue("/timeZone", "unknown_time_zone", "not the name of a time zone in the IANA database");
  }
  const compatible = wallClock.toZonedDateTime(timeZone, { disambiguation: "compatible" });
  return {
    kind: "time",
    time: {
      scheduledAt: new Date(compatible.epochMilliseconds),
      localTime,
      timeZone,
      timeAdjustment: adjustment(wallClock, earlier, wallClock.toZonedDateTime(timeZone, { disambiguation: "later" })),
    },
  };
}

function adjustment(
  wallClock: Temporal.PlainDateTime,
  earlier: Temporal.ZonedDateTime,
  later: Temporal.ZonedDateTime,
): TimeAdjustment {
  if (earlier.epochMilliseconds === later.epochMilliseconds) return "none";
  return earlier.toPlainDateTime().equals(wallClock) ? "overlap" : "gap";
}

/** What can be written with four digits in UTC, and stored: the offset may lead out of the year that was written. */
const firstInstant = Date.parse("0001-01-01T00:00:00.000Z");
const lastInstant = Date.parse("9999-12-31T23:59:59.999Z");

/** An RFC 3339 instant in milliseconds since 1970; null if it names none. Anything finer is cut off. */
export function readInstant(text: string): number | null {
  // As programs write it, which is quick to read; all other forms are Temporal's.
  const plain = Date.parse(text);
  if (plain >= firstInstant && plain <= lastInstant && new Date(plain).toISOString() === text) return plain;
  try {
    const milliseconds = Temporal.Instant.from(text).epochMilliseconds;
    return milliseconds >= firstInstant && milliseconds <= lastInstant ? milliseconds : null;
  } catch {
    return null;
  }
}

/** The shortest that so many years can be: only beyond it must a calendar be asked. */
const neverTooFarMs = postLimits.yearsAheadMax * 365 * 86_400_000;

function latestInstant(now: Date): Date {
  const latest = Temporal.Instant.fromEpochMilliseconds(now.getTime())
    .toZonedDateTimeISO("UTC")
    .add({ years: postLimits.yearsAheadMax });
  return new Date(latest.epochMilliseconds);
}

function instant(scheduledAt: Date): PostTimeResult {
  return { kind: "time", time: { scheduledAt, localTime: null, timeZone: null, timeAdjustment: null } };
}

function issue(path: string, code: string, message: string): PostTimeResult {
  return { kind: "issue", issue: { path, code, message } };
}
