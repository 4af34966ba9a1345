/**
 * Bull Board at /queues, for operators: what waits, runs and failed, as BullMQ sees it. Read-only unless the
 * installation says otherwise; even then nothing done here can publish early or twice, since Postgres decides.
 */
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import { parsePublishJob } from "@punctual/core";
import type { Database } from "@punctual/db";
import type { DeliveryProducer, PublishProducer } from "@punctual/queue";
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import { ProblemError } from "../problem.ts";
import { audit, type NamedAction } from "./audit.ts";
import { sendProblem } from "./errors.ts";
import { operatorAuth, type OperatorAuthOptions } from "./operator-auth.ts";
import { pagePolicy } from "./security.ts";

export interface BoardOptions extends OperatorAuthOptions {
  database: Database;
  producer: PublishProducer;
  /** Of jobs that are about posts. */
  ofPosts: PublishProducer["queues"];
  deliveries: DeliveryProducer;
  /** Whether operators may change jobs. */
  writable: boolean;
}

export const boardPath = "/queues";
const pollingSeconds = 5;
/** Its page asks others for a font, which our policy refuses, and which is not their business. */
const foreignStyle = /<link\b[^>]*\bhref="https?:[^>]*>/g;

/** Register under `boardPath`. */
export const board: FastifyPluginAsync<BoardOptions> = async (
  app,
  { database, producer, ofPosts, deliveries, writable, ...operators },
) => {
  await app.register(operatorAuth, operators);
  await app.register(audit, { database, nameOf: actionOf });
  app.addHook("onRequest", async (request, reply) => {
    if (!writable && request.method !== "GET" && request.method !== "HEAD") {
      const refusal = new ProblemError(403, "read_only", "The board is read-only on this installation.");
      return sendProblem(refusal, request, reply);
    }
    // Its library waits for Redis without end.
    if (request.url.startsWith(`${boardPath}/api/`) && !(await producer.isReady())) {
      const headers = { "retry-after": String(pollingSeconds) };
      return sendProblem(new ProblemError(503, "redis_away", "Redis does not answer.", { headers }), request, reply);
    }
    reply.helmet(pagePolicy);
  });
  app.addHook("onSend", async (_request, reply, payload) => {
    const isPage = String(reply.getHeader("content-type")).startsWith("text/html");
    return isPage && typeof payload === "string" ? payload.replace(foreignStyle, "") : payload;
  });

  const serverAdapter = new FastifyAdapter();
  createBullBoard({
    queues: [
      ...ofPosts.map((queue) => new BullMQAdapter(queue, { readOnlyMode: !writable, externalJobUrl: postOf })),
      ...deliveries.queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: !writable })),
    ],
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: "Punctual queues",
        hideRedisDetails: true,
        hideDocsLink: true,
        showMetrics: true,
        showWorkers: false,
        sortQueues: true,
        pollingInterval: { forceInterval: pollingSeconds },
      },
    },
  });
  serverAdapter.setBasePath(boardPath);
  // In the form its page understands; what went wrong stays in our log.
  serverAdapter.setErrorHandler((error) => {
    app.log.warn({ err: error }, "the board could not be shown");
    const message = "Redis does not answer, or does not know this job any more.";
    return { status: 500, body: { error: { key: "ERRORS.INTERNAL_SERVER_ERROR" }, message } };
  });
  await app.register(serverAdapter.registerPlugin());
};

/** Where the post of a job is shown. */
function postOf({ id, data }: { id?: unknown; data?: unknown }): { href: string; displayText: string } {
  const job = parsePublishJob(typeof id === "string" ? id : undefined, data);
  return job === null
    ? { href: "/posts", displayText: "Posts" }
    : { href: `/posts/${job.postId}`, displayText: "The post" };
}

/** Its library names no actions; the end of the route does, and the job's id tells the post. */
function actionOf({ routeOptions, params }: FastifyRequest): NamedAction {
  const { queueName = null, jobId = null } = params as { queueName?: string; jobId?: string };
  const name = routeOptions.url?.split("/").findLast((segment) => !segment.startsWith(":")) ?? "change";
  const [, postId = null] = /^([0-9a-f-]{36})_\d+_\d+$/.exec(jobId ?? "") ?? [];
  return { action: `board.${name}`, subject: { postId }, detail: { queue: queueName, jobId } };
}
