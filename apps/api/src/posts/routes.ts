/** `/v1/posts`. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { findPost, listPosts } from "@punctual/db";
import { answer, noSuch, problems } from "../answer.ts";
import { apiLimits } from "../config.ts";
import { IdParams } from "../field-schemas.ts";
import { readPage } from "../page.ts";
import { notFound } from "../problem.ts";
import { unfitBulk } from "./bulk-faults.ts";
import { etagOf, toPostOut } from "./post-answer.ts";
import { toPostFilter } from "./post-filter.ts";
import { requestHash } from "./request-hash.ts";
import { sendScheduled } from "./schedule-answer.ts";
import { scheduleRefusals } from "./schedule-refusals.ts";
import { schedulePosts, type ScheduleDeps, type ScheduleRequest } from "./schedule-posts.ts";
import { BulkIn, BulkOut, IdempotencyHeaders, PostIn, PostListQuery, PostOut, PostPage } from "./schemas.ts";
import { readTimelinePage, TimelineQuery } from "./timeline-page.ts";
import { Timeline } from "./timeline.ts";
import { validateRoutes } from "./validate-routes.ts";

const base = "/v1/posts";

export const postRoutes: FastifyPluginAsyncTypebox<ScheduleDeps> = async (app, deps) => {
  const { database } = deps;
  await app.register(validateRoutes, deps);

  app.post(
    "/posts",
    {
      config: { scope: "write" },
      schema: {
        operationId: "schedulePost",
        summary: "Schedule a post",
        description: "After a 201 the post is kept, whatever happens. Without any time it is due now.",
        headers: IdempotencyHeaders,
        body: PostIn,
        response: {
          201: answer(PostOut, "The post, accepted.", ["Location", "Idempotent-Replayed"]),
          ...scheduleRefusals,
        },
      },
    },
    async (request, reply) => {
      const result = await schedulePosts(deps, {
        companyId: request.caller.companyId,
        requestId: request.id,
        inputs: [request.body],
        pathOf: () => "",
        idempotency: idempotencyOf(base, request.headers["idempotency-key"], request.body),
        keyWaitMs: app.limits.idempotencyWaitMs,
        answer: ([post]) => {
          if (post === undefined) throw new Error("no post was drafted");
          return { statusCode: 201, location: `${base}/${post.id}`, response: JSON.stringify(toPostOut(post)) };
        },
      });
      return sendScheduled(reply, result);
    },
  );

  app.post(
    "/posts/bulk",
    {
      bodyLimit: apiLimits.bulkBodyBytesMax,
      attachValidation: true,
      config: { scope: "write" },
      schema: {
        operationId: "schedulePosts",
        summary: "Schedule many posts, all or none",
        description: "Faults are listed by path, those of the second post below `/posts/1`.",
        headers: IdempotencyHeaders,
        body: BulkIn,
        response: { 201: answer(BulkOut, "The posts, accepted.", ["Idempotent-Replayed"]), ...scheduleRefusals },
      },
    },
    async (request, reply) => {
      const path = `${base}/bulk`;
      const { companyId } = request.caller;
      if (request.validationError !== undefined) {
        throw await unfitBulk(deps, { companyId, requestId: request.id, body: request.body }, request.validationError);
      }
      const result = await schedulePosts(deps, {
        companyId,
        requestId: request.id,
        inputs: request.body.posts,
        pathOf: (index) => `/posts/${index}`,
        idempotency: idempotencyOf(path, request.headers["idempotency-key"], request.body),
        keyWaitMs: app.limits.idempotencyWaitMs,
        answer: (posts) => {
          return { statusCode: 201, location: null, response: JSON.stringify({ data: posts.map(toPostOut) }) };
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
        operationId: "listPosts",
        summary: "List posts, newest first",
        querystring: PostListQuery,
        response: { 200: answer(PostPage, "A page of posts.") },
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
        operationId: "getPost",
        summary: "One post",
        params: IdParams,
        response: { 200: answer(PostOut, "The post.", ["ETag"]), ...problems({ 404: noSuch("post") }) },
      },
    },
    async ({ params: { id }, caller: { companyId } }, reply) => {
      const post = await findPost(database, { companyId, id });
      if (post === null) throw notFound("post");
      reply.header("etag", etagOf(post));
      return toPostOut(post);
    },
  );

  app.get(
    "/posts/:id/timeline",
    {
      config: { scope: "read" },
      schema: {
        operationId: "getPostTimeline",
        summary: "Everything that happened to a post, in order",
        description: "Its events, and each attempt as the moments it had.",
        params: IdParams,
        querystring: TimelineQuery,
        response: { 200: answer(Timeline, "The timeline."), ...problems({ 404: noSuch("post") }) },
      },
    },
    async ({ params: { id }, query, caller: { companyId } }) => {
      const timeline = await readTimelinePage(database, { companyId, id }, query);
      if (timeline === null) throw notFound("post");
      return timeline;
    },
  );
};

function idempotencyOf(path: string, key: string | undefined, body: unknown): ScheduleRequest["idempotency"] {
  return key === undefined ? null : { path, key, requestHash: requestHash(body) };
}
