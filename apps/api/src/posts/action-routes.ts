/** What can be done to posts that exist: edit, cancel, retry, resolve. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { postLimits } from "@punctual/core";
import { findPost, resolvePost } from "@punctual/db";
import { Type } from "typebox";
import { Id, IdParams, Nullable } from "../field-schemas.ts";
import { notFound, ProblemError, problems } from "../problem.ts";
import { cancelGroup, type GroupMemberResult } from "./cancel-group.ts";
import { cancelPost, type CancelResult } from "./cancel-post.ts";
import { editOnePost, type EditResult } from "./edit-post.ts";
import { EditHeaders, PostPatch, ResolutionIn } from "./edit-schemas.ts";
import { etagOf, toPostOut } from "./post-answer.ts";
import { retryOnePost } from "./retry-post.ts";
import { refusal } from "./schedule-answer.ts";
import type { ScheduleDeps } from "./schedule-posts.ts";
import { PostOut } from "./schemas.ts";

const changeProblems = problems(400, 401, 403, 404, 409, 500, 503);

const GroupQuery = Type.Object(
  { groupId: Type.String({ minLength: 1, maxLength: postLimits.groupIdLengthMax }) },
  { additionalProperties: false },
);
const GroupAnswer = Type.Object({
  data: Type.Array(
    Type.Object({
      id: Id,
      status: Type.Integer({ description: "As if the post had been cancelled alone: 200 or 409." }),
      code: Nullable(Type.String({ description: "Why it was not cancelled." })),
      post: PostOut,
    }),
    { description: "Every post of the group, oldest first." },
  ),
});

export const postActionRoutes: FastifyPluginAsyncTypebox<ScheduleDeps> = async (app, deps) => {
  app.patch(
    "/posts/:id",
    {
      config: { scope: "write" },
      schema: {
        summary: "Edit or reschedule a post",
        params: IdParams,
        headers: EditHeaders,
        body: PostPatch,
        response: { 200: PostOut, ...changeProblems, ...problems(412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { companyId } = request.caller;
      const ifMatch = request.headers["if-match"];
      const ifRevision = ifMatch === undefined || ifMatch === "*" ? null : Number(ifMatch.slice(1, -1));
      const { id } = request.params;
      const result = await editOnePost(deps, { companyId, id, requestId: request.id, patch: request.body, ifRevision });
      if (result.kind !== "edited") throw notEdited(result);
      reply.header("etag", etagOf(result.post));
      return toPostOut(result.post);
    },
  );

  app.delete(
    "/posts/:id",
    {
      config: { scope: "write" },
      schema: { summary: "Cancel a post", params: IdParams, response: { 200: PostOut, ...changeProblems } },
    },
    async ({ params: { id }, caller: { companyId }, id: requestId }) => {
      const result = await cancelPost(deps, { companyId, id, requestId });
      if (result.kind !== "cancelled") throw notCancelled(result);
      return toPostOut(result.post);
    },
  );

  app.delete(
    "/posts",
    {
      config: { scope: "write" },
      schema: {
        summary: "Cancel each post of a group",
        querystring: GroupQuery,
        response: { 200: GroupAnswer, ...problems(400, 401, 403, 500, 503) },
      },
    },
    async ({ query: { groupId }, caller: { companyId }, id: requestId }) => {
      const results = await cancelGroup(deps, { companyId, groupId, requestId });
      return { data: results.map(toGroupEntry) };
    },
  );

  app.post(
    "/posts/:id/retry",
    {
      config: { scope: "write" },
      schema: { summary: "Try a post again, now", params: IdParams, response: { 200: PostOut, ...changeProblems } },
    },
    async ({ params: { id }, caller: { companyId }, id: requestId }) => {
      const result = await retryOnePost(deps, { companyId, id, requestId });
      if (result.kind === "no_such_post") throw notFound("post");
      if (result.kind === "account_deleted") {
        throw new ProblemError(409, "account_deleted", "The post's social account was deleted.");
      }
      if (result.kind === "not_retryable") {
        const detail = `The post is ${result.status}; only failed, missed and retrying ones can be tried again.`;
        throw new ProblemError(409, "not_retryable", detail);
      }
      return toPostOut(result.post);
    },
  );

  app.post(
    "/posts/:id/resolve",
    {
      config: { scope: "write" },
      schema: {
        summary: "Tell what became of an unconfirmed post",
        params: IdParams,
        body: ResolutionIn,
        response: { 200: PostOut, ...changeProblems, ...problems(413, 415) },
      },
    },
    async ({ params: { id }, caller: { companyId }, id: requestId, body: { outcome, externalId = null } }) => {
      const verdict = outcome === "published" ? { outcome, externalId } : { outcome };
      const post = await resolvePost(deps.database, { companyId, id, requestId, verdict });
      if (post !== null) return toPostOut(post);
      const current = await findPost(deps.database, { companyId, id });
      if (current === null) throw notFound("post");
      throw new ProblemError(409, "not_unconfirmed", `The post is ${current.status}; there is nothing to resolve.`);
    },
  );
};

function notEdited(result: Exclude<EditResult, { kind: "edited" }>): ProblemError {
  switch (result.kind) {
    case "no_such_post":
      return notFound("post");
    case "too_late":
      return new ProblemError(409, "too_late", `The post is ${result.status}; it cannot be edited any more.`);
    case "other_revision": {
      const headers = { etag: etagOf(result) };
      return new ProblemError(412, "other_revision", `The post is at revision ${result.revision}.`, { headers });
    }
    case "refused":
      return refusal(result.issues);
  }
}

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

function toGroupEntry({ result, post }: GroupMemberResult) {
  const cancelled = result.kind === "cancelled";
  return { id: post.id, status: cancelled ? 200 : 409, code: cancelled ? null : result.kind, post: toPostOut(post) };
}
