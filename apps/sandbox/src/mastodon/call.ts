/** One call to an instance's API: whose it is, past the exchange, in Mastodon's own words. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Answer } from "../answer.ts";
import type { Circumstances, Effect } from "../exchange.ts";
import type { Stage } from "../faults/fault.ts";
import { type Content, fieldsOf } from "../ledger/content.ts";
import { readMultipart } from "../multipart.ts";
import type { PlatformDeps } from "../platform.ts";
import { parseToken } from "../tokens/tokens.ts";

export const platform = "mastodon";

export interface ApiCall {
  stage: Stage;
  key?: string | null;
  content?: Content | null;
}

export function perform(
  request: FastifyRequest,
  reply: FastifyReply,
  { exchange, tokens, clock }: Pick<PlatformDeps, "exchange" | "tokens" | "clock">,
  { stage, key = null, content = null }: ApiCall,
  carryOut: (handle: string, circumstances: Circumstances) => Effect,
): Promise<FastifyReply> {
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
  const call = {
    platform,
    account: token === undefined ? "unknown" : parseToken(token).handle,
    stage,
    postId: null,
    revision: null,
    key,
    content,
    describeError,
    describeWait: (seconds: number) => limitHeaders(clock.now() + seconds * 1_000),
  };
  return exchange.perform(request, reply, call, (circumstances) => {
    const bearer = token === undefined ? undefined : tokens.read(platform, token);
    if (bearer?.kind === "valid") return carryOut(bearer.handle, circumstances);
    return refused(fault(401, "The access token is invalid"), stage);
  });
}

/** A call that shows readers nothing. */
export function answered(status: number, body: unknown): Effect {
  return { answer: { status, body }, entry: null };
}

export function refused(answer: Answer, stage: Stage): Effect {
  if (stage !== "publish") return { answer, entry: null };
  return { answer, entry: { outcome: "refused", reason: String(fieldsOf(answer.body)["error"]) } };
}

export function fault(status: number, error: string, headers?: Record<string, string>): Answer {
  return { status, body: { error }, ...(headers === undefined ? {} : { headers }) };
}

/** The reset is an instant, written out; there is no Retry-After. */
export function limitHeaders(resetMs: number): Record<string, string> {
  return {
    "x-ratelimit-limit": "300",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": new Date(resetMs).toISOString(),
  };
}

export interface Body {
  fields: Readonly<Record<string, unknown>>;
  files: ReadonlyMap<string, Buffer>;
}

/** JSON, a form, or a form with files; a name that ends in `[]` is a list. Anything else is empty. */
export function readBody(request: FastifyRequest): Body {
  const type = request.headers["content-type"] ?? "";
  const bytes = request.rawBody ?? Buffer.alloc(0);
  if (type.startsWith("multipart/form-data")) {
    const form = readMultipart(bytes, type);
    return { fields: listed([...(form?.fields ?? [])]), files: form?.files ?? new Map<string, Buffer>() };
  }
  if (type.startsWith("application/x-www-form-urlencoded")) {
    return { fields: listed([...new URLSearchParams(bytes.toString("utf8"))]), files: new Map() };
  }
  try {
    return { fields: fieldsOf(JSON.parse(bytes.toString("utf8"))), files: new Map() };
  } catch {
    return { fields: {}, files: new Map() };
  }
}

function listed(entries: readonly [string, string][]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of entries) {
    if (!name.endsWith("[]")) fields[name] = value;
    else fields[name.slice(0, -2)] = [...((fields[name.slice(0, -2)] as string[] | undefined) ?? []), value];
  }
  return fields;
}

/** What a commanded status says. */
function describeError(status: number): unknown {
  const known: Readonly<Record<number, string>> = {
    401: "The access token is invalid",
    403: "This action is outside the authorized scopes",
    404: "Record not found",
    422: "Validation failed: commanded to answer 422",
    429: "Too many requests",
    500: "Internal Server Error",
    503: "Service temporarily unavailable",
  };
  return { error: known[status] ?? `commanded to answer ${status}` };
}
