/** `/v1/posts`. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { findPost, listPosts, readPostHistory } from "@punctual/db";
import { IdParams } from "../field-schemas.ts";
import { readPage } from "../page.ts";
import { notFound, ProblemError, problems } from "../problem.ts";
import { cancelPost, type CancelResult } from "./cancel-post.ts";
import { toPostOut } from "./post-answer.ts";
import { toPostFilter } from "./post-filter.ts";
import { requestHash } from "./request-hash.ts";
import { sendScheduled } from "./schedule-answer.ts";
import { schedulePosts, type ScheduleDeps } from "./schedule-posts.ts";
import { IdempotencyHeaders, PostIn, PostListQuery, PostOut, PostPage } from "./schemas.ts";
import { Timeline, toTimeline } from "./timeline.ts";

const base = "/v1/posts";

export const postRoutes: FastifyPluginAsyncTypebox<ScheduleDeps> = async (app, deps) => {
  const { database } = deps;

  app.post(
    "/posts",
    {
      config: { scope: "write" },
      schema: {
        summary: "Schedule a post",
        headers: IdempotencyHeaders,
        body: PostIn,
        response: { 201: PostOut, ...problems(400, 401, 403, 404, 413, 415, 422, 500, 503) },
      },
    },
    async (request, reply) => {
      const key = request.headers["idempotency-key"];
      const result = await schedulePosts(deps, {
        companyId: request.caller.companyId,
        requestId: request.id,
        inputs: [request.body],
        pathOf: () => "",
        idempotency: key === undefined ? null : { path: base, key, requestHash: requestHash(request.body) },
        answer: ([post]) => {
          if (post === undefined) throw new Error("no post was drafted");
          return { statusCode: 201, location: `${base}/${post.id}`, response: JSON.stringify(toPostOut(post)) };
        },
      });
      return sendScheduled(reply, result);
    },
  );

  app.get(
    "/posts",
    {
      config: { scope: "read" },
      schema: {
        summary: "List posts, newest first",
        querystring: PostListQuery,
        response: { 200: PostPage, ...problems(400, 401, 403, 500, 503) },
      },
    },
    async ({ query, caller: { companyId } }) => {
      const filter = toPostFilter(query);
      const { rows, nextCursor } = await readPage(query, (page) => listPosts(database, { companyId, filter, ...page }));
      return { data: rows.map(toPostOut), nextCursor };
    },
  );

  app.get(
    "/posts/:id",
    {
      config: { scope: "read" },
      schema: {
        summary: "One post",
        params: IdParams,
        response: { 200: PostOut, ...problems(400, 401, 403, 404, 500, 503) },
      },
    },
    async ({ params: { id }, caller: { companyId } }) => {
      const post = await findPost(database, { companyId, id });
      if (post === null) throw notFound("post");
      return toPostOut(post);
    },
  );

  app.get(
    "/posts/:id/timeline",
    {
      config: { scope: "read" },
      schema: {
        summary: "Everything that happened to a post, in order",
        params: IdParams,
        response: { 200: Timeline, ...problems(400, 401, 403, 404, 500, 503) },
      },
    },
    async ({ params: { id }, caller: { companyId } }) => {
      const history = await readPostHistory(database, { companyId, id });
      if (history === null) throw notFound("post");
      return toTimeline(history);
    },
  );

  app.delete(
    "/posts/:id",
    {
      config: { scope: "write" },
      schema: {
        summary: "Cancel a post",
        params: IdParams,
        response: { 200: PostOut, ...problems(400, 401, 403, 404, 409, 500, 503) },
      },
    },
    async ({ params: { id }, caller: { companyId }, id: requestId }) => {
      const result = await cancelPost(deps, { companyId, id, requestId });
      if (result.kind !== "cancelled") throw notCancelled(result);
      return toPostOut(result.post);
    },
  );
};

function notCancelled(result: Exclude<CancelResult, { kind: "cancelled" }>): ProblemError {
  switch (result.kind) {
    case "no_such_post":
      return notFound("post");
    case "too_late":
      return new ProblemError(409, "too_late", `The post is ${result.status}; it cannot be cancelled any more.`);
    case "unconfirmed": {
      const detail = "Nobody knows yet whether the post was published; it cannot be cancelled.";
      return new ProblemError(409, "unconfirmed", detail);
    }
  }
}
