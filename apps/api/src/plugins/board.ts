/**
 * Bull Board at /queues, for operators: what waits, runs and failed, as BullMQ sees it. Read-only unless the
 * installation says otherwise; even then nothing done here can publish early or twice, since Postgres decides.
 *
 * Its library is some 4 MB in memory, which an API that nobody looks at should not have. So what is known without it is
 * decided here (who may come in, and whether there is anything to see), and the rest in `board-pages.ts`, which is
 * loaded when the first request gets that far.
 */
import type { Database } from "@punctual/db";
import type { DeliveryProducer, PublishProducer } from "@punctual/queue";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest, FastifyServerOptions } from "fastify";
import { createLateApp } from "../late-app.ts";
import { ProblemError } from "../problem.ts";
import { sendProblem } from "./errors.ts";
import { operatorAuth, type OperatorAuthOptions } from "./operator-auth.ts";
import { pageHeaders } from "./security.ts";

export interface BoardOptions extends OperatorAuthOptions {
  database: Database;
  producer: PublishProducer;
  /** Of jobs that are about posts. */
  ofPosts: PublishProducer["queues"];
  deliveries: DeliveryProducer;
  /** Whether operators may change jobs. */
  writable: boolean;
  /** How the API itself takes requests. */
  settings: FastifyServerOptions;
}

export const boardPath = "/queues";
export const boardPollingSeconds = 5;

/** Register under `boardPath`. */
export const board: FastifyPluginAsync<BoardOptions> = async (app, options) => {
  const { producer, writable, ...operators } = options;
  await app.register(operatorAuth, operators);
  app.addHook("onRequest", async (request, reply) => {
    if (!writable && request.method !== "GET" && request.method !== "HEAD") {
      const refusal = new ProblemError(403, "read_only", "The board is read-only on this installation.");
      return sendProblem(refusal, request, reply);
    }
    // Its library waits for Redis without end.
    if (request.url.startsWith(`${boardPath}/api/`) && !(await producer.isReady())) {
      const headers = { "retry-after": String(boardPollingSeconds) };
      return sendProblem(new ProblemError(503, "redis_away", "Redis does not answer.", { headers }), request, reply);
    }
    reply.headers(pageHeaders);
  });

  const pages = createLateApp(async () => (await import("./board-pages.ts")).openBoardPages(options));
  app.addHook("onClose", () => pages.close());
  const handOver = async (request: FastifyRequest, reply: FastifyReply) => {
    const { routing } = await pages.get();
    // It stays one request: with the same id, and all that was to be said with any answer to it.
    request.raw.headers["x-request-id"] = request.id;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    reply.hijack();
    routing(request.raw, reply.raw);
    return reply;
  };
  // Bodies are read over there.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  for (const url of ["/", "/*"]) app.all(url, { schema: { hide: true } }, handOver);
};
