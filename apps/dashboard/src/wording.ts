/** The page's words and ways of writing numbers. Pure. */
import type { HealthState, PostStatus, ServiceState, Worker } from "./api/answers.ts";

/** How a thing is doing, for its colour and its sign; never told by colour alone. */
export type Tone = "good" | "busy" | "warn" | "bad" | "idle";

export const stateTone: Readonly<Record<HealthState, Tone>> = { healthy: "good", degraded: "warn", down: "bad" };

export const serviceTone: Readonly<Record<ServiceState, Tone>> = {
  up: "good",
  degraded: "warn",
  down: "bad",
  unknown: "idle",
};

export const workerTone: Readonly<Record<Worker["state"], Tone>> = { live: "good", stopping: "busy", silent: "bad" };

export const statusTone: Readonly<Record<PostStatus, Tone>> = {
  scheduled: "idle",
  publishing: "busy",
  retrying: "warn",
  unconfirmed: "bad",
  held: "warn",
  published: "good",
  failed: "bad",
  missed: "bad",
  cancelled: "idle",
};

export const postStatuses = Object.keys(statusTone) as PostStatus[];

/** What became of an attempt, and why, in words an operator can act on. */
export const categoryMeaning: Readonly<Record<string, string>> = {
  network: "The platform could not be reached",
  platform: "The platform answered with an error",
  rate_limited: "A rate limit was in the way",
  auth: "The platform refused the credentials",
  permission: "The account lacks a permission",
  rejected: "The platform refused the content",
  duplicate: "The platform says it exists already",
  unknown_outcome: "The answer was lost or tells nothing",
  internal: "A fault of ours",
};

export const categories = Object.keys(categoryMeaning);

/** `rate_limited` as people write it. */
export function plain(code: string): string {
  return code.replaceAll("_", " ");
}

const wholeNumber = new Intl.NumberFormat("en-GB");

export function count(value: number): string {
  return wholeNumber.format(value);
}

/** `1 post`, `2 posts`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

export function percent(share: number): string {
  // 99.96 % is not all.
  const shown = share < 1 ? Math.min(Math.floor(share * 1_000) / 10, 99.9) : 100;
  return `${shown.toFixed(shown === 100 ? 0 : 1)} %`;
}

/** A length of time, to two digits or so: `840 ms`, `2.4 s`, `3 min`, `5 h`. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_500) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return longDuration(ms);
}

/** How long ago or ahead, as a person would say it. */
export function relative(ms: number): string {
  const length = Math.abs(ms);
  if (length < 1_000) return "now";
  const words = length < 60_000 ? `${Math.floor(length / 1_000)} s` : longDuration(length);
  return ms < 0 ? `in ${words}` : `${words} ago`;
}

function longDuration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h`;
  return `${Math.round(minutes / 1_440)} days`;
}
