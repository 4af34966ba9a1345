/** What can be done to posts that exist: edit, cancel, retry, resolve. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { postLimits } from "@punctual/core";
import { findPost, resolvePost } from "@punctual/db";
import { Type } from "typebox";
import { answer, noSuch, problems } from "../answer.ts";
import { Id, IdParams, Nullable } from "../field-schemas.ts";
import { notFound, ProblemError } from "../problem.ts";
import { changingTooFast } from "../rounds.ts";
import { cancelGroup, type GroupMemberResult } from "./cancel-group.ts";
import { cancelPost, type CancelResult } from "./cancel-post.ts";
import { editOnePost, type EditResult } from "./edit-post.ts";
import { EditHeaders, PostPatch, ResolutionIn } from "./edit-schemas.ts";
import { etagOf, toPostOut } from "./post-answer.ts";
import { retryOnePost } from "./retry-post.ts";
import { refusal } from "./schedule-answer.ts";
import { contentRefusals } from "./schedule-refusals.ts";
import type { ScheduleDeps } from "./schedule-posts.ts";
import { PostOut } from "./schemas.ts";

const GroupQuery = Type.Object(
  { groupId: Type.String({ minLength: 1, maxLength: postLimits.groupIdLengthMax }) },
  { additionalProperties: false },
);
const GroupMember = Type.Object(
  {
    id: Id,
    status: Type.Integer({ description: "As if the post had been cancelled alone: 200 or 409.", examples: [200] }),
    code: Nullable(Type.String({ description: "Why it was not cancelled." }), { examples: [null] }),
    post: PostOut,
  },
  { title: "GroupMember" },
);
const GroupAnswer = Type.Object(
  { data: Type.Array(GroupMember, { description: "Every post of the group, oldest first." }) },
  { title: "GroupAnswer" },
);

export const postActionRoutes: FastifyPluginAsyncTypebox<ScheduleDeps> = async (app, deps) => {
  app.patch(
    "/posts/:id",
    {
      config: { scope: "write" },
      schema: {
        operationId: "editPost",
        summary: "Edit or reschedule a post",
        description:
          "While it is scheduled, retrying, held, failed or missed; the last two keep their state. A JSON Merge Patch: null takes a field back to its default.",
        params: IdParams,
        headers: EditHeaders,
        body: PostPatch,
        response: {
          200: answer(PostOut, "The post as it is now.", ["ETag"]),
          ...problems({
            404: noSuch("post"),
            409: { too_late: "The post is publishing; it cannot be edited any more." },
            412: { other_revision: "The post is at revision 3." },
            422: contentRefusals,
            503: { post_changing: "The post is changing too fast; try again." },
          }),
        },
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
      schema: {
        operationId: "cancelPost",
        summary: "Cancel a post",
        description: "Answers the same again for one that was cancelled already.",
        params: IdParams,
        response: {
          200: answer(PostOut, "The post, cancelled."),
          ...problems({
            404: noSuch("post"),
            409: {
              too_late: "The post is published; it cannot be cancelled any more.",
              unconfirmed: "Nobody knows yet whether the post was published; it cannot be cancelled.",
            },
          }),
        },
      },
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
        operationId: "cancelGroup",
        summary: "Cancel each post of a group",
        querystring: GroupQuery,
        response: { 200: answer(GroupAnswer, "What became of each, one by one.") },
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
      schema: {
        operationId: "retryPost",
        summary: "Try a post again, now",
        description: "One that failed, was missed or is retrying is due now, with a new budget of attempts.",
        params: IdParams,
        response: {
          200: answer(PostOut, "The post, due now."),
          ...problems({
            404: noSuch("post"),
            409: {
              not_retryable: "The post is published; only failed, missed and retrying ones can be tried again.",
              account_deleted: "The post's social account was deleted.",
            },
          }),
        },
      },
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
        operationId: "resolvePost",
        summary: "Tell what became of an unconfirmed post",
        description: "`not_published` makes it failed; a retry then sends it again.",
        params: IdParams,
        body: ResolutionIn,
        response: {
          200: answer(PostOut, "The post, resolved."),
          ...problems({
            404: noSuch("post"),
            409: { not_unconfirmed: "The post is published; there is nothing to resolve." },
          }),
        },
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

export function notEdited(result: Exclude<EditResult, { kind: "edited" }>): ProblemError {
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
    case "contended":
      return changingTooFast("post_changing", "post");
  }
}

export function notCancelled(result: Exclude<CancelResult, { kind: "cancelled" }>): ProblemError {
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
