/**
 * The life of a post after an attempt, decided: given what the attempt came to and what the post may still expect,
 * which state it enters and when it is tried again. Pure, so that thousands of histories can be driven through it.
 *
 * A failing post's story: an attempt ends in a certain no. If the fault may pass, the post is `retrying` and comes
 * back after a growing wait, or when the platform said it may; if it cannot pass, or the budget of attempts is
 * spent, it is `failed` with the reason. A limit costs no attempt. A fault of the account holds the post, after its
 * credentials were renewed once, where they can be; that costs no attempt either.
 * When the answer to the irreversible call is lost, nobody knows: where a repeat is harmless the same bytes go out
 * again under the same key (`outcomeOpen`), and the post can then only end `published` or `unconfirmed`, because a
 * later "no" says nothing about the lost answer. Where a repeat may double the post, it is `unconfirmed` at once.
 */
import { renewalTimes } from "./credential-life.ts";
import type { FailureCategory, Outcome, Published } from "./outcome.ts";
import { categoryOf } from "./outcome.ts";
import { backoffMs, type RetryPolicy } from "./retry-policy.ts";

/** What a platform lets us do when an answer is lost. */
export type Guarantee = "idempotent" | "confirmable" | "at_most_once";

export interface SettleContext {
  /** Attempts of the current budget that are spent, this one included. */
  attemptsUsed: number;
  maxAttempts: number;
  /** Earlier attempts of this post that cost nothing of the budget, such as those a limit turned away. */
  waitsBefore: number;
  /** Of this post on its platform, for the attempt being settled. */
  guarantee: Guarantee;
  /** Whether an earlier attempt's answer is still missing. */
  outcomeOpen: boolean;
  /** Whether its account's credentials, if they are refused, can be renewed by the machine; default no. */
  renewable?: boolean;
  policy: RetryPolicy;
  /** Uniform in [0, 1), for jitter. */
  random: number;
}

export interface Failure {
  category: FailureCategory;
  code: string;
  message: string;
}

export type Settlement =
  | { status: "published"; published: Published }
  | {
      status: "retrying";
      /** From the moment the settlement is recorded, in milliseconds. */
      delayMs: number;
      outcomeOpen: boolean;
      /** Whether the attempt is taken off the budget. */
      counts: boolean;
      /** Whom the platform told to wait besides this post, for the same time. */
      blocks?: "account" | "app";
      failure: Failure;
    }
  | { status: "failed"; failure: Failure }
  | { status: "unconfirmed"; failure: Failure }
  | { status: "held"; outcomeOpen: boolean; credentialsVersion: number; failure: Failure };

/** Decides what follows an attempt. */
export function settle(outcome: Outcome, context: SettleContext): Settlement {
  if (outcome.kind === "published") return { status: "published", published: outcome };

  const failure: Failure = { category: categoryOf(outcome), code: outcome.code, message: outcome.message };
  const spent = context.attemptsUsed >= context.maxAttempts;

  switch (outcome.kind) {
    case "wait":
      return {
        status: "retrying",
        delayMs: Math.max(limitWaitMs(context), toldWait(outcome.waitMs, context.policy)),
        outcomeOpen: context.outcomeOpen,
        counts: false,
        ...(outcome.scope === "account" || outcome.scope === "app" ? { blocks: outcome.scope } : {}),
        failure,
      };

    case "retry": {
      if (spent) return ended(failure, context);
      const backoff = backoffMs(context.policy, context.policy[outcome.category], context.attemptsUsed, context.random);
      const told = toldWait(outcome.notBeforeMs ?? 0, context.policy);
      return {
        status: "retrying",
        delayMs: Math.max(backoff, told),
        outcomeOpen: context.outcomeOpen,
        counts: true,
        failure,
      };
    }

    case "reconnect":
      if (outcome.category === "auth" && context.renewable === true) {
        return {
          status: "retrying",
          delayMs: Math.max(limitWaitMs(context), renewalTimes.waitMs),
          outcomeOpen: context.outcomeOpen,
          counts: false,
          failure,
        };
      }
      return {
        status: "held",
        outcomeOpen: context.outcomeOpen,
        credentialsVersion: outcome.credentialsVersion,
        failure,
      };

    case "rejected":
      return ended(failure, context);

    case "unknown": {
      if (context.guarantee !== "idempotent" || spent) return { status: "unconfirmed", failure };
      const { policy, attemptsUsed, random } = context;
      return {
        status: "retrying",
        delayMs: backoffMs(policy, policy.network, attemptsUsed, random),
        outcomeOpen: true,
        counts: true,
        failure,
      };
    }
  }
}

/** Whoever says "too many" again and again, without a time or with a useless one, is asked ever more rarely. */
function limitWaitMs({ policy, waitsBefore }: SettleContext): number {
  return Math.min(policy.limitWaitMinMs * 2 ** Math.min(waitsBefore, 20), policy.limitWaitMinMaxMs);
}

/** Decides what follows an attempt whose worker died before anything irreversible: the next worker takes over at once. */
export function settleAbandoned(
  context: Pick<SettleContext, "attemptsUsed" | "maxAttempts" | "outcomeOpen">,
): Settlement {
  const failure: Failure = { category: "internal", code: "worker_lost", message: "the worker died before sending" };
  if (context.attemptsUsed >= context.maxAttempts) return ended(failure, context);
  return { status: "retrying", delayMs: 0, outcomeOpen: context.outcomeOpen, counts: true, failure };
}

/** Decides what follows an attempt that was put back before anything irreversible, because its process must stop. */
export function settleReleased(context: Pick<SettleContext, "outcomeOpen">): Settlement {
  const failure: Failure = { category: "internal", code: "released", message: "the worker was stopped before sending" };
  return { status: "retrying", delayMs: 0, outcomeOpen: context.outcomeOpen, counts: false, failure };
}

/** A certain no ends the post, unless an earlier answer is still missing: then a person or a look-up decides. */
function ended(failure: Failure, context: Pick<SettleContext, "outcomeOpen">): Settlement {
  return { status: context.outcomeOpen ? "unconfirmed" : "failed", failure };
}

function toldWait(waitMs: number, policy: RetryPolicy): number {
  return Math.min(Math.max(0, Math.round(waitMs)), policy.toldWaitMaxMs);
}
