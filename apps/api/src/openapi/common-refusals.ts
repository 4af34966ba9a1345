/** What any request of its kind may be refused with, besides what its route says. */
import { problemAnswer, type ProblemAnswer, type ProblemSamples } from "../answer.ts";
import type { ResponseHeader } from "./response-headers.ts";

export interface OperationKind {
  /** Whom it lets in; null: everybody. */
  caller: "apiKey" | "operator" | null;
  /** Whether it may change something: then it may have a body, and not everybody may call it. */
  changes: boolean;
  /** Whether every key may call it. */
  forEveryKey: boolean;
  /** Whether its address names a thing. */
  namesOne: boolean;
  /** Whether it is a list with a cursor. */
  paged: boolean;
}

/** @returns by status */
export function commonRefusals(kind: OperationKind): Record<number, ProblemAnswer> {
  const samples: Record<number, ProblemSamples> = {
    400: {
      ...invalidRequest,
      ...(kind.namesOne ? { malformed_url: "The path is not a valid URL path." } : {}),
      ...(kind.changes ? unreadableBody : {}),
      ...(kind.paged ? { invalid_cursor: "The cursor is not one of ours." } : {}),
    },
    ...(kind.caller === null ? {} : { 401: kind.caller === "apiKey" ? unknownCaller : unknownOperator }),
    ...(kind.caller === "apiKey" && !kind.forEveryKey ? { 403: insufficientScope } : {}),
    ...(kind.caller === "operator" && kind.changes ? { 403: forbiddenToOperator } : {}),
    ...(kind.changes ? { 413: tooLarge, 415: notJson } : {}),
    414: { url_too_long: "The address has more than 8192 characters." },
    417: { expectation_failed: "The only expectation that can be met is 100-continue." },
    ...(kind.caller === null ? {} : { 429: tooMany }),
    500: { internal_error: "Something went wrong on our side." },
    503: busy,
  };
  return Object.fromEntries(
    Object.entries(samples).map(([status, codes]) => [status, problemAnswer(Number(status), codes)]),
  );
}

/** Headers that an answer of this status has, whatever the route. */
export function commonHeaders(status: number, { caller }: OperationKind): readonly ResponseHeader[] {
  const counted = caller === "apiKey" && !beforeTheKey.has(status);
  return [
    "X-Request-Id",
    ...(status === 401 || (status === 403 && caller === "apiKey") ? (["WWW-Authenticate"] as const) : []),
    ...(status === 412 ? (["ETag"] as const) : []),
    ...(status === 429 || status === 503 ? (["Retry-After"] as const) : []),
    ...(counted ? (["RateLimit", "RateLimit-Policy"] as const) : []),
  ];
}

/** Refused before anybody looks whose key came. */
const beforeTheKey: ReadonlySet<number> = new Set([414, 417]);

const invalidRequest: ProblemSamples = {
  missing_host: "A request must name its host.",
  invalid_request: {
    detail: "The query string does not fit, see errors.",
    issues: [{ path: "limit", code: "too_large", message: "must be at most 200" }],
  },
};

const unreadableBody: ProblemSamples = {
  malformed_json: "The body is not valid JSON.",
  malformed_request: "The body is not as long as its Content-Length.",
};

const unknownCaller: ProblemSamples = {
  missing_api_key: "Send your API key: `Authorization: Bearer <key>`.",
  invalid_api_key: "The API key is unknown, revoked or expired.",
};

const unknownOperator: ProblemSamples = { operator_login_required: "Log in as an operator." };

const insufficientScope: ProblemSamples = {
  insufficient_scope: "This needs a key of scope write; yours has read.",
};

const forbiddenToOperator: ProblemSamples = {
  viewers_only_look: "Viewers change nothing.",
  cross_origin: "Changes must be made from this installation's own pages.",
};

const tooLarge: ProblemSamples = { body_too_large: "The body is too large." };
const notJson: ProblemSamples = { unsupported_media_type: "Send application/json." };

const tooMany: ProblemSamples = { rate_limited: "This API key may make 6000 requests a minute." };

const busy: ProblemSamples = {
  overloaded: "The service has more to do than it can; try again.",
  database_unavailable: "The database does not answer; try again.",
  unavailable: "The service is busy or stopping; try again.",
};
