/**
 * The one place where something that went wrong becomes an answer. What is not known to be the caller's fault is
 * ours: logged in full, answered without a word of it.
 */
import { isDatabaseUnavailable } from "@punctual/db";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { ProblemError, problemDocument, problemMediaType } from "../problem.ts";
import { trackRoutes, type KnownRoutes } from "./known-routes.ts";
import { describeFaults } from "./validation.ts";

/** What to tell clients to wait while Postgres is away, in seconds. */
const retryAfterSeconds = "2";

export const errors = fastifyPlugin(
  async (app: FastifyInstance) => {
    const routes = trackRoutes(app);
    app.decorate("knownRoutes", routes);
    app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
    app.setNotFoundHandler((request, reply) => {
      const allowed = routes.methodsOf(request.url);
      // A route that looks for a file may itself find nothing.
      if (allowed.length === 0 || allowed.includes(request.method)) return sendProblem(noSuchRoute(), request, reply);
      const detail = `${request.method} is not possible here.`;
      const headers = { allow: allowed.join(", ") };
      return sendProblem(new ProblemError(405, "method_not_allowed", detail, { headers }), request, reply);
    });
  },
  { name: "errors" },
);

/** Also for errors that come up before there is a route, where hooks do not run. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error, request);
  return reply
    .code(problem.status)
    .headers({ ...problem.headers, "x-request-id": request.id, "cache-control": "no-store" })
    .type(problemMediaType)
    .send(JSON.stringify(problemDocument(problem, request.id)));
}

/** What went wrong, as it may be told; what is our fault is logged in full. */
export function problemOf(error: unknown, request: FastifyRequest): ProblemError {
  const problem = toProblem(error);
  if (problem.status >= 500) logFault(problem, error, request);
  return problem;
}

function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isDatabaseUnavailable(error)) {
    const headers = { "retry-after": retryAfterSeconds };
    return new ProblemError(503, "database_unavailable", "The database does not answer; try again.", { headers });
  }
  const fault = error as Partial<FastifyError>;
  if (fault.validation !== undefined) {
    const issues = describeFaults(fault.validation, fault.validationContext);
    const where = placeNames[fault.validationContext ?? "body"] ?? "request";
    return new ProblemError(400, "invalid_request", `The ${where} does not fit, see errors.`, { issues });
  }
  return knownFaults[fault.code ?? ""]?.() ?? clientFault(fault) ?? unexpected(error);
}

const placeNames: Readonly<Record<string, string>> = {
  body: "body",
  querystring: "query string",
  params: "path",
  headers: "header",
};

/** Fastify's own errors, in our words. */
const knownFaults: Readonly<Record<string, () => ProblemError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new ProblemError(413, "body_too_large", "The body is too large."),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new ProblemError(415, "unsupported_media_type", "Send application/json.", {
      headers: { accept: "application/json" },
    }),
  FST_ERR_CTP_INVALID_JSON_BODY: () => malformedJson(),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => malformedJson(),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new ProblemError(400, "malformed_request", "The body is not as long as its Content-Length."),
  FST_ERR_BAD_URL: () => new ProblemError(400, "malformed_url", "The path is not a valid URL path."),
  FST_ERR_ASYNC_CONSTRAINT: () => noSuchRoute(),
  FST_ERR_MAX_PARAM_LENGTH: () => noSuchRoute(),
};

export function malformedJson(): ProblemError {
  return new ProblemError(400, "malformed_json", "The body is not valid JSON.");
}

function noSuchRoute(): ProblemError {
  return new ProblemError(404, "not_found", "There is nothing at this address.");
}

/** What Fastify or Node blames on the request, such as a connection that broke while the body was read. */
function clientFault({ statusCode }: Partial<FastifyError>): ProblemError | null {
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return null;
  return new ProblemError(statusCode, "malformed_request", "The request could not be read.");
}

function unexpected(error: unknown): ProblemError {
  if ((error as Partial<FastifyError>).statusCode === 503) {
    const headers = { "retry-after": retryAfterSeconds };
    return new ProblemError(503, "unavailable", "The service is busy or stopping; try again.", {
      headers,
      cause: error,
    });
  }
  return new ProblemError(500, "internal_error", "Something went wrong on our side.", { cause: error });
}

function logFault(problem: ProblemError, error: unknown, request: FastifyRequest): void {
  const route = request.routeOptions.url;
  if (problem.status === 503) request.log.warn({ err: error, route }, "request refused for now");
  else request.log.error({ err: error, route }, "request failed unexpectedly");
}

declare module "fastify" {
  interface FastifyInstance {
    knownRoutes: KnownRoutes;
  }
}
