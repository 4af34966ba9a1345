/**
 * How a route is documented. Its schemas validate requests and shape answers, and `/openapi.json` is made of the very
 * same; a test refuses a route that leaves something out. A documented route looks like this:
 *
 *     schema: {
 *       operationId: "cancelPost",                    // a verb and a noun; names the method of generated clients
 *       summary: "Cancel a post",
 *       description: "…",                             // if there is more to say
 *       params, querystring, headers, body,           // as far as it takes them; a body has a title
 *       response: {
 *         200: answer(PostOut, "The cancelled post.", ["ETag"]),       // a titled schema, what it is, its headers
 *         ...problems({
 *           404: noSuch("post"),
 *           409: { too_late: "The post is published; it cannot be cancelled any more." },  // code: sample detail
 *         }),
 *       },
 *     }
 *
 * Only the refusals of its own are named: what any request may meet (400, 401, 403, 413, 415, 429, 500, 503, with
 * their codes) is added by `openapi/common-refusals.ts`, the tag by `openapi/tags.ts` from the path, who may call it
 * by its scope. A schema with a `title` becomes a component of that name. Samples are made of `examples`, which any
 * schema may have; only plain strings must, themselves or by the object around them. A page that is no part of the
 * API says `hide: true` instead.
 */
import type { TSchema } from "typebox";
import type { ResponseHeader } from "./openapi/response-headers.ts";
import { problemDocument, ProblemError, problemMediaType, ProblemSchema, type ProblemOptions } from "./problem.ts";
import { STATUS_CODES } from "node:http";

/** A success, as OpenAPI and Fastify both understand it. */
export interface Answer<Schema extends TSchema> {
  description: string;
  answerHeaders: readonly ResponseHeader[];
  content: { "application/json": { schema: Schema } };
}

export function answer<Schema extends TSchema>(
  schema: Schema,
  description: string,
  answerHeaders: readonly ResponseHeader[] = [],
): Answer<Schema> {
  return { description, answerHeaders, content: { "application/json": { schema } } };
}

/** By code: a sample of the detail, or of all that such a problem says. */
export type ProblemSamples = Readonly<Record<string, string | ({ detail: string } & ProblemOptions)>>;

/** Among the codes of a status: the code may also be that of the one fault in `errors`. */
export const orItsOnlyFault = "*";

export interface ProblemAnswer {
  description: string;
  content: {
    "application/problem+json": {
      schema: typeof ProblemSchema;
      examples: Readonly<Record<string, { value: unknown }>>;
      /** Whether codes may come that have no sample here. */
      codesAreOpen: boolean;
    };
  };
}

/** For a route's `response`: the refusals of its own, by status and code. */
export function problems<Answers extends Readonly<Record<number, ProblemSamples>>>(
  answers: Answers,
): Record<keyof Answers & number, ProblemAnswer> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, samples]) => [status, problemAnswer(Number(status), samples)]),
  ) as Record<keyof Answers & number, ProblemAnswer>;
}

export function problemAnswer(status: number, samples: ProblemSamples): ProblemAnswer {
  const named = Object.entries(samples).filter(([code]) => code !== orItsOnlyFault);
  const examples = Object.fromEntries(named.map(([code, sample]) => [code, { value: sampleOf(status, code, sample) }]));
  const media = { schema: ProblemSchema, examples, codesAreOpen: orItsOnlyFault in samples };
  return { description: STATUS_CODES[status] ?? "Refused", content: { [problemMediaType]: media } };
}

/** The 404 of a route that names one thing. */
export function noSuch(what: string): ProblemSamples {
  return { not_found: `There is no such ${what}.` };
}

function sampleOf(status: number, code: string, sample: ProblemSamples[string]): unknown {
  const { detail, ...options } = typeof sample === "string" ? { detail: sample } : sample;
  return problemDocument(new ProblemError(status, code, detail, options), "0199aa0e-7c1e-7000-8000-1f6c9f0a1b2c");
}
