/** One XRPC call: whose it is, past the exchange, in AT Protocol's own words (atproto.com/specs/xrpc). */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Answer } from "../answer.ts";
import type { Circumstances, Effect } from "../exchange.ts";
import type { Stage } from "../faults/fault.ts";
import { type Content, fieldsOf } from "../ledger/content.ts";
import type { PlatformDeps } from "../platform.ts";
import { didOf } from "./content-id.ts";
import { readSession, type SessionClaims } from "./session-token.ts";

export const platform = "bluesky";

export interface Caller {
  handle: string;
  did: string;
}

export interface XrpcCall {
  stage: Stage;
  /** Of the call, if no token tells; for faults and the ledger. */
  account?: string;
  key?: string | null;
  content?: Content | null;
}

export function perform(
  request: FastifyRequest,
  reply: FastifyReply,
  { exchange, clock }: Pick<PlatformDeps, "exchange" | "clock">,
  { stage, account, key = null, content = null }: XrpcCall,
  carryOut: (circumstances: Circumstances) => Effect,
): Promise<FastifyReply> {
  const call = {
    platform,
    account: account ?? handleNamed(request),
    stage,
    postId: null,
    revision: null,
    key,
    content,
    describeError,
    describeWait: (seconds: number) => limitHeaders(clock.now() + seconds * 1_000),
  };
  return exchange.perform(request, reply, call, carryOut);
}

/** Who calls, or the refusal. */
export function callerOf(
  request: FastifyRequest,
  scope: SessionClaims["scope"],
  { tokens, clock }: Pick<PlatformDeps, "tokens" | "clock">,
): Caller | Answer {
  const token = bearerOf(request);
  if (token === undefined) return xrpcError(401, "AuthMissing", "Authentication Required");
  const claims = claimsOf(token);
  if (claims === null) {
    if (token.split(".").length === 3 && !token.startsWith("sandbox.")) {
      return xrpcError(400, "InvalidToken", "Token could not be verified");
    }
    const bearer = tokens.read(platform, token);
    if (bearer.kind === "revoked") return xrpcError(400, "ExpiredToken", "Token has been revoked");
    return { handle: bearer.handle, did: didOf(bearer.handle) };
  }
  if (claims.scope !== scope) return xrpcError(400, "InvalidToken", "Bad token scope");
  if (claims.exp * 1_000 <= clock.now()) return xrpcError(400, "ExpiredToken", "Token has expired");
  const bearer = tokens.read(platform, claims.token);
  if (bearer.kind === "revoked") return xrpcError(400, "ExpiredToken", "Token has been revoked");
  return { handle: bearer.handle, did: claims.sub };
}

export function claimsOf(token: string): SessionClaims | null {
  return token.startsWith("sandbox.") ? null : readSession(token);
}

export function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
}

/** A call that shows readers nothing. */
export function answered(status: number, body: unknown): Effect {
  return { answer: { status, body }, entry: null };
}

export function refused(answer: Answer, stage: Stage): Effect {
  if (stage !== "publish") return { answer, entry: null };
  return { answer, entry: { outcome: "refused", reason: String(fieldsOf(answer.body)["error"]) } };
}

export function xrpcError(status: number, error: string, message: string, headers?: Record<string, string>): Answer {
  return { status, body: { error, message }, ...(headers === undefined ? {} : { headers }) };
}

/** No Retry-After: the reset is told in seconds since 1970. */
export function limitHeaders(resetMs: number): Record<string, string> {
  return {
    "ratelimit-limit": "5000",
    "ratelimit-remaining": "0",
    "ratelimit-reset": String(Math.ceil(resetMs / 1_000)),
    "ratelimit-policy": "5000;w=3600",
  };
}

/** A body of JSON; anything else is none. */
export function jsonBody(request: FastifyRequest): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(request.rawBody?.toString("utf8") ?? ""));
  } catch {
    return {};
  }
}

/** The account a call is about, whether it may be made or not. */
function handleNamed(request: FastifyRequest): string {
  const token = bearerOf(request);
  if (token === undefined) return "unknown";
  const known = claimsOf(token)?.token ?? token;
  return /^sandbox\.(.+)\.\d+$/.exec(known)?.[1] ?? "unknown";
}

/** What a commanded status says. */
function describeError(status: number): unknown {
  const known: Readonly<Record<number, readonly [error: string, message: string]>> = {
    400: ["InvalidRequest", "commanded to answer 400"],
    401: ["AuthMissing", "Authentication Required"],
    403: ["AccountTakedown", "Account has been taken down"],
    413: ["PayloadTooLarge", "request entity too large"],
    429: ["RateLimitExceeded", "Rate Limit Exceeded"],
    500: ["InternalServerError", "Internal Server Error"],
    502: ["UpstreamFailure", "Upstream Failure"],
    503: ["NotEnoughResources", "Not Enough Resources"],
    504: ["UpstreamTimeout", "Upstream Timeout"],
  };
  const [error, message] = known[status] ?? ["InvalidRequest", `commanded to answer ${status}`];
  return { error, message };
}
