/** One call to LinkedIn's API: past the gate, to the exchange, in LinkedIn's own words. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Answer } from "../answer.ts";
import type { Circumstances, Effect } from "../exchange.ts";
import type { Stage } from "../faults/fault.ts";
import type { Content } from "../ledger/content.ts";
import type { PlatformDeps } from "../platform.ts";
import { describeError } from "./errors.ts";
import { type Caller, passGate } from "./gate.ts";

export const platform = "linkedin";

export interface ApiCall {
  stage: Stage;
  /** The author's URN, for the ledger and for faults. */
  account: string;
  content?: Content | null;
  /** Default true. */
  versioned?: boolean;
}

export function perform(
  request: FastifyRequest,
  reply: FastifyReply,
  { exchange, tokens }: Pick<PlatformDeps, "exchange" | "tokens">,
  { stage, account, content = null, versioned = true }: ApiCall,
  carryOut: (caller: Caller, circumstances: Circumstances) => Effect,
): Promise<FastifyReply> {
  const call = { platform, account, stage, postId: null, revision: null, key: null, content, describeError };
  return exchange.perform(request, reply, call, (circumstances) => {
    const caller = passGate(request, { tokens, versioned });
    if (!("status" in caller)) return carryOut(caller, circumstances);
    return stage === "publish" ? refused(caller) : answered(caller);
  });
}

/** A call that shows readers nothing. */
export function answered(answer: Answer): Effect {
  return { answer, entry: null };
}

/** A call to publish that LinkedIn's own rules refuse. */
export function refused(answer: Answer): Effect {
  const { code } = answer.body as { code?: string };
  return { answer, entry: { outcome: "refused", reason: (code ?? "refused").toLowerCase() } };
}

/** A body of JSON; anything else is none. */
export function jsonBody(request: FastifyRequest): unknown {
  try {
    return JSON.parse(request.rawBody?.toString("utf8") ?? "");
  } catch {
    return undefined;
  }
}

/** Whether a token may publish as an author: a member only as themselves, and as any organization. */
export function mayPublishAs({ handle }: Caller, author: string): boolean {
  return author.startsWith("urn:li:organization:") || author === `urn:li:person:${handle}`;
}

/** Where the sandbox is reached, as the client sees it. */
export function originOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`;
}
