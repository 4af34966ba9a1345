/**
 * The life of one call: a fault may be waiting for it; unless that keeps it from happening, the platform carries it
 * out; what happened is written down; then an answer leaves, the platform's own or what the fault makes of it.
 * Carrying out and writing down are one step without a pause, so no two calls can slip between each other.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "@punctual/runtime";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Answer, breakOff, giveAnswer, holdOpen, sendGarbage, sendSlowly } from "./answer.ts";
import type { Fault } from "./faults/fault.ts";
import type { Faults, FaultTarget } from "./faults/faults.ts";
import type { Ledger, LedgerOutcome, NewLedgerEntry } from "./ledger/ledger.ts";

export interface Call extends FaultTarget {
  /** The sender's revision of the post, if the protocol carries it. */
  revision: number | null;
  /** Of the post, for the ledger; null for a call that shows nothing to readers. */
  content: NewLedgerEntry["content"] | null;
  /** The post's body, if it came in an earlier call than the one that publishes it. */
  earlierBody?: string;
  /** The platform's own shape of an error, for a status that was commanded. */
  describeError(status: number): unknown;
  /** The platform's own way to tell a wait in seconds, as headers; default: `Retry-After`. */
  describeWait?: (seconds: number) => Readonly<Record<string, string>>;
}

/** What a call did. `entry` is for the ledger: only calls that publish, or were refused to, have one. */
export interface Effect {
  answer: Answer;
  entry: {
    outcome: LedgerOutcome;
    externalId?: string | null;
    externalUrl?: string | null;
    reason?: string;
    bodyChanged?: boolean;
  } | null;
}

export interface Circumstances {
  /** A listing must not show what is younger than this, in milliseconds. */
  lagMs: number;
}

export interface Exchange {
  /** Handles a call from its fault to its answer. */
  perform(
    request: FastifyRequest,
    reply: FastifyReply,
    call: Call,
    carryOut: (circumstances: Circumstances) => Effect,
  ): Promise<FastifyReply>;
  /** A new id for a visible post, and where a reader finds it. */
  newPost(platform: string, account: string): { id: string; url: string };
}

export interface ExchangeDeps {
  ledger: Ledger;
  faults: Faults;
  logger: Logger;
  /** Where the sandbox is reached. */
  baseUrl(): string;
  /** Aborts when the sandbox stops: delayed calls are then never carried out. */
  stopping: AbortSignal;
}

/** How long a call hangs whose fault does not say, in milliseconds. */
const hangDefaultMs = 120_000;
/** Stands where a fault keeps any answer from leaving. */
const noAnswer: Answer = { status: 0, body: null };
/** Headers the ledger keeps. Credentials are not among them. */
const headersKept = [
  "webhook-id",
  "webhook-timestamp",
  "webhook-signature",
  "idempotency-key",
  "x-request-id",
  "content-type",
  "user-agent",
];

export function createExchange({ ledger, faults, logger, baseUrl, stopping }: ExchangeDeps): Exchange {
  function writeDown(request: FastifyRequest, call: Call, effect: Effect, fault: Fault | null): void {
    const { entry, answer } = effect;
    if (entry === null) return;
    const { platform, account, postId, revision, key } = call;
    const status = request.raw.socket.destroyed ? null : statusGiven(fault, answer);
    const headers = keptHeaders(request);
    ledger.record({
      platform,
      account,
      postId,
      revision,
      key,
      outcome: entry.outcome,
      status,
      fault: fault?.kind ?? null,
      reason: entry.reason ?? null,
      externalId: entry.externalId ?? null,
      externalUrl: entry.externalUrl ?? null,
      bodyChanged: entry.bodyChanged ?? false,
      headers,
      body: call.earlierBody ?? request.rawBody?.toString("utf8") ?? "",
      content: call.content ?? { text: "", media: [], link: null, scheduledAt: null },
    });
    const { outcome, reason } = entry;
    const requestId = headers["x-request-id"];
    logger.info({ requestId, platform, account, postId, outcome, status, reason, fault: fault?.kind }, "received");
  }

  return {
    async perform(request, reply, call, carryOut) {
      const fault = faults.take(call);
      const refusal = fault === null ? null : refusalBy(fault, call);
      if (fault?.kind === "delay" && !(await passes(fault.ms, stopping))) {
        breakOff(request, reply);
        return reply;
      }
      const effect = refusal ?? carryOut({ lagMs: fault?.kind === "lookup_lag" ? fault.ms : 0 });
      writeDown(request, call, effect, fault);
      respond(request, reply, fault, effect.answer, call);
      return reply;
    },
    newPost(platform, account) {
      const id = randomBytes(8).toString("hex");
      return { id, url: new URL(`/feed/${platform}/${account}/${id}`, baseUrl()).href };
    },
  };
}

/** Whether the time passed before the sandbox stopped. */
function passes(ms: number, stopping: AbortSignal): Promise<boolean> {
  return pause(ms, true, { signal: stopping }).catch(() => false);
}

/** The effect of a fault that keeps a call from being carried out; null if the fault lets it happen. */
function refusalBy(fault: Fault, call: Call): Effect | null {
  const entry = call.stage === "publish" ? { outcome: "refused" as const, reason: "fault" } : null;
  switch (fault.kind) {
    case "status":
    case "lookup_fail":
      return { answer: commandedAnswer(fault, call), entry };
    case "reset":
    case "hang":
      return { answer: noAnswer, entry };
    case "delay":
    case "accept_then_reset":
    case "accept_then_hang":
    case "accept_then_status":
    case "slow_response":
    case "garbage":
    case "lookup_lag":
      return null;
  }
}

function respond(request: FastifyRequest, reply: FastifyReply, fault: Fault | null, answer: Answer, call: Call): void {
  switch (fault?.kind) {
    case "reset":
    case "accept_then_reset":
      return breakOff(request, reply);
    case "hang":
    case "accept_then_hang":
      return holdOpen(request, reply, fault.ms ?? hangDefaultMs);
    case "accept_then_status":
      return giveAnswer(reply, commandedAnswer(fault, call));
    case "slow_response":
      return sendSlowly(request, reply, answer, fault.ms);
    case "garbage":
      return sendGarbage(request, reply, answer, fault.form);
    case "status":
    case "lookup_fail":
    case "delay":
    case "lookup_lag":
    case undefined:
      return giveAnswer(reply, answer);
  }
}

/** The status a client gets to see; null if it gets none. */
function statusGiven(fault: Fault | null, answer: Answer): number | null {
  switch (fault?.kind) {
    case "reset":
    case "accept_then_reset":
    case "hang":
    case "accept_then_hang":
      return null;
    case "garbage":
      return fault.form === "not_http" ? null : answer.status;
    case "accept_then_status":
      return fault.status;
    case "status":
    case "lookup_fail":
    case "delay":
    case "slow_response":
    case "lookup_lag":
    case undefined:
      return answer.status;
  }
}

function commandedAnswer({ status, retryAfter, body }: Extract<Fault, { status: number }>, call: Call): Answer {
  return {
    status,
    body: body ?? call.describeError(status),
    ...(retryAfter === undefined ? {} : { headers: waitHeaders(retryAfter, call) }),
  };
}

function waitHeaders(retryAfter: number | string, { describeWait }: Call): Readonly<Record<string, string>> {
  if (typeof retryAfter === "number" && describeWait !== undefined) return describeWait(retryAfter);
  return { "retry-after": String(retryAfter) };
}

function keptHeaders(request: FastifyRequest): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of headersKept) {
    const value = request.headers[name];
    if (typeof value === "string") kept[name] = value;
  }
  return kept;
}
