/**
 * What Bull Board's library serves, on a Fastify instance of its own that requests are handed to unread: their bodies,
 * the names of what operators do and what went wrong are known where the library's routes are.
 */
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import { parsePublishJob } from "@punctual/core";
import Fastify, { type FastifyInstance, type FastifyPluginAsync, type FastifyRequest } from "fastify";
import { audit, type NamedAction } from "./audit.ts";
import { boardPath, boardPollingSeconds, type BoardOptions } from "./board.ts";
import { body } from "./body.ts";
import { errors } from "./errors.ts";
import { operatorAuth } from "./operator-auth.ts";

/** Its page asks others for a font, which our policy refuses, and which is not their business. */
const foreignStyle = /<link\b[^>]*\bhref="https?:[^>]*>/g;

export async function openBoardPages(options: BoardOptions): Promise<FastifyInstance> {
  const app = Fastify(options.settings);
  await app.register(errors);
  await app.register(body);
  await app.register(pages, { prefix: boardPath, ...options });
  return app;
}

const pages: FastifyPluginAsync<BoardOptions> = async (
  app,
  { database, ofPosts, deliveries, writable, ...operators },
) => {
  // Who asks was let in already; here it is known again, for what is written down.
  await app.register(operatorAuth, operators);
  await app.register(audit, { database, nameOf: actionOf });
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
        pollingInterval: { forceInterval: boardPollingSeconds },
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
