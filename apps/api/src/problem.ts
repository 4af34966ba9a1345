/**
 * Every refusal, in one shape: a problem document (RFC 9457) with a stable `code` for programs and, where the request
 * itself is at fault, each fault by its path. Handlers throw a `ProblemError`; the error handler alone turns it, and
 * everything else that goes wrong, into an answer.
 */
import { STATUS_CODES } from "node:http";
import type { ValidationIssue } from "@punctual/core";
import { Type, type Static } from "typebox";

export const problemMediaType = "application/problem+json";

/** One fault of a request. */
export const Issue = Type.Object(
  {
    path: Type.String({ description: "JSON pointer to the faulty value; for a query or header, its name." }),
    code: Type.String({ description: "What is wrong there, for programs." }),
    message: Type.String({ description: "The same for people." }),
  },
  {
    title: "Issue",
    examples: [{ path: "/text", code: "text_too_long", message: "must have at most 500 characters" }],
  },
);

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: "A URI that names the kind of problem." }),
    title: Type.String({ description: "The HTTP status in words." }),
    status: Type.Integer({ description: "The HTTP status." }),
    detail: Type.String({ description: "What is wrong with this request, for people." }),
    code: Type.String({ description: "What is wrong, for programs; stable." }),
    requestId: Type.String({ description: "As in the header x-request-id; our logs are found by it." }),
    waitingPosts: Type.Optional(
      Type.Integer({ description: "How many posts stand in the way, where it is posts that do." }),
    ),
    errors: Type.Optional(Type.Array(Issue, { description: "Every fault that was found." })),
  },
  { $id: "Problem", title: "Problem", description: "Why the request was refused (RFC 9457)." },
);
export type Problem = Static<typeof ProblemSchema>;

export interface ProblemOptions {
  issues?: readonly ValidationIssue[];
  headers?: Readonly<Record<string, string>>;
  /** How many posts stand in the way. */
  waitingPosts?: number;
  cause?: unknown;
}

/** A request that is refused. */
export class ProblemError extends Error {
  override name = "ProblemError";
  readonly status: number;
  readonly code: string;
  readonly issues: readonly ValidationIssue[];
  readonly headers: Readonly<Record<string, string>>;
  readonly waitingPosts: number | undefined;

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.code = code;
    this.issues = options.issues ?? [];
    this.headers = options.headers ?? {};
    this.waitingPosts = options.waitingPosts;
  }
}

export function problemDocument(problem: ProblemError, requestId: string): Problem {
  const { status, code, message, issues, waitingPosts } = problem;
  return {
    type: `urn:punctual:problem:${code}`,
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail: message,
    code,
    requestId,
    ...(waitingPosts === undefined ? {} : { waitingPosts }),
    ...(issues.length > 0 ? { errors: issues.map(({ path, code, message }) => ({ path, code, message })) } : {}),
  };
}

export function notFound(what: string): ProblemError {
  return new ProblemError(404, "not_found", `There is no such ${what}.`);
}
