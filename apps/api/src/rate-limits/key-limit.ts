/**
 * How many requests an API key may make. Every answer to one says what is left, in the fields of the IETF's draft
 * (draft-ietf-httpapi-ratelimit-headers-11): `RateLimit-Policy` the limit, `RateLimit` what remains of it and for how
 * many seconds at least. A bulk request counts as one, and so does opening a stream.
 */
import type { FastifyReply } from "fastify";
import type { ProblemError } from "../problem.ts";
import { rateLimited, secondsOf } from "./attempt-limit.ts";
import { createSlidingWindow, type SlidingWindow } from "./sliding-window.ts";

export const keyWindowMs = 60_000;
const policyName = "per-key";

/** The counts behind the limit; to be shared with other processes. */
export interface KeyRates {
  perMinute: number;
  window: SlidingWindow;
}

/** @param keysMax keys remembered at a time */
export function createKeyRates(perMinute: number, keysMax: number): KeyRates {
  return {
    perMinute,
    window: createSlidingWindow({ limit: perMinute, windowMs: keyWindowMs, namesMax: keysMax }),
  };
}

/** Counts a request and says so in its answer. @returns why it is refused; null if it is not */
export function countRequest(
  { perMinute, window }: KeyRates,
  apiKeyId: string,
  reply: FastifyReply,
): ProblemError | null {
  const { allowed, remaining, waitMs } = window.take(apiKeyId, Date.now());
  reply.header("ratelimit-policy", `"${policyName}";q=${perMinute};w=${keyWindowMs / 1_000}`);
  reply.header("ratelimit", `"${policyName}";r=${remaining};t=${secondsOf(waitMs)}`);
  return allowed ? null : rateLimited(`This API key may make ${perMinute} requests a minute.`, waitMs);
}
