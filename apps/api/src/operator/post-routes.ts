/** `/v1/operator/posts` and `/unconfirmed`: finding posts of all companies, and reading what happened to them. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FailureCategory, PostStatus } from "@punctual/core";
import { findOperatorPost, searchPosts, type OperatorPostFilter } from "@punctual/db";
import { answer, noSuch } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import { PageQuery, readPage } from "../page.ts";
import { readFilterInstant } from "../posts/post-filter.ts";
import { TimelineQuery } from "../posts/timeline-page.ts";
import { notFound } from "../problem.ts";
import { problems } from "../answer.ts";
import { toOperatorPost, toPostRow, toUnconfirmedRow } from "./post-answer.ts";
import { readOperatorTimeline, type OperatorTimelineDeps } from "./post-timeline.ts";
import {
  OperatorPost,
  OperatorPostPage,
  OperatorPostQuery,
  OperatorTimeline,
  UnconfirmedPage,
} from "./post-schemas.ts";

export const operatorPostRoutes: FastifyPluginAsyncTypebox<OperatorTimelineDeps> = async (app, deps) => {
  const { database } = deps;

  app.get(
    "/posts",
    {
      config: { quiet: true },
      schema: {
        operationId: "searchPosts",
        summary: "Find posts of all companies, newest first",
        querystring: OperatorPostQuery,
        response: { 200: answer(OperatorPostPage, "A page of posts.") },
      },
    },
    async ({ query }) => {
      const filter = toOperatorPostFilter(query);
      const { rows, nextCursor } = await readPage(query, (page) => searchPosts(database, { filter, ...page }));
      return { data: rows.map(toPostRow), nextCursor };
    },
  );

  app.get(
    "/posts/:id",
    {
      config: { quiet: true },
      schema: {
        operationId: "getOperatorPost",
        summary: "One post of any company, whose it is, and what can be done with it",
        params: IdParams,
        response: { 200: answer(OperatorPost, "The post."), ...problems({ 404: noSuch("post") }) },
      },
    },
    async ({ params: { id } }) => {
      const post = await findOperatorPost(database, id);
      if (post === null) throw notFound("post");
      return toOperatorPost(post);
    },
  );

  app.get(
    "/posts/:id/timeline",
    {
      config: { quiet: true },
      schema: {
        operationId: "getOperatorTimeline",
        summary: "Everything that happened to a post, operators' actions and its job included",
        params: IdParams,
        querystring: TimelineQuery,
        response: {
          200: answer(OperatorTimeline, "What happened, oldest first."),
          ...problems({ 404: noSuch("post") }),
        },
      },
    },
    async ({ params: { id }, query }) => {
      const timeline = await readOperatorTimeline(deps, id, query);
      if (timeline === null) throw notFound("post");
      return timeline;
    },
  );

  app.get(
    "/unconfirmed",
    {
      config: { quiet: true },
      schema: {
        operationId: "listUnconfirmed",
        summary: "Posts whose answer was lost, and what reading the platform showed",
        querystring: PageQuery,
        response: { 200: answer(UnconfirmedPage, "A page of unconfirmed posts, newest first.") },
      },
    },
    async ({ query }) => {
      const filter = { ...anyPost, statuses: ["unconfirmed"] as const };
      const { rows, nextCursor } = await readPage(query, (page) => searchPosts(database, { filter, ...page }));
      return { data: rows.map(toUnconfirmedRow), nextCursor };
    },
  );
};

export const anyPost: OperatorPostFilter = {
  q: null,
  companyId: null,
  clientId: null,
  socialAccountId: null,
  statuses: null,
  platform: null,
  categories: null,
  from: null,
  to: null,
};

/** @throws {ProblemError} 400 if an instant does not exist */
function toOperatorPostFilter(query: OperatorPostQuery): OperatorPostFilter {
  return {
    q: query.q?.trim() ?? null,
    companyId: query.companyId ?? null,
    clientId: query.clientId ?? null,
    socialAccountId: query.socialAccountId ?? null,
    statuses: query.status === undefined ? null : (query.status.split(",") as PostStatus[]),
    platform: query.platform ?? null,
    categories: query.category === undefined ? null : (query.category.split(",") as FailureCategory[]),
    from: readFilterInstant("from", query.from),
    to: readFilterInstant("to", query.to),
  };
}
