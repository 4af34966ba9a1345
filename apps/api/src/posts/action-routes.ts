/** What can be done to posts that exist: edit, cancel, retry, resolve. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { postLimits } from "@punctual/core";
import { findPost, resolvePost } from "@punctual/db";
import { Type } from "typebox";
import { answer, problems } from "../answer.ts";
import { Id, IdParams, Nullable } from "../field-schemas.ts";
import { notFound, ProblemError } from "../problem.ts";
import {
  cancelRefusals,
  editRefusals,
  notCancelled,
  notEdited,
  notRetried,
  notUnconfirmed,
  resolveRefusals,
  retryRefusals,
} from "./action-refusals.ts";
import { cancelGroup, type GroupMemberResult } from "./cancel-group.ts";
import { cancelPost } from "./cancel-post.ts";
import { editOnePost } from "./edit-post.ts";
import { EditHeaders, PostPatch, ResolutionIn } from "./edit-schemas.ts";
import { etagOf, toPostOut } from "./post-answer.ts";
import { retryOnePost } from "./retry-post.ts";
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

const groupTooLarge = `The group has more than ${postLimits.groupPostsMax} posts; cancel them one by one. None was cancelled.`;

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
          ...problems({ ...editRefusals, 412: { other_revision: "The post is at revision 3." } }),
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
          ...problems(cancelRefusals),
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
        response: {
          200: answer(GroupAnswer, "What became of each, one by one."),
          ...problems({ 422: { group_too_large: groupTooLarge } }),
        },
      },
    },
    async ({ query: { groupId }, caller: { companyId }, id: requestId }) => {
      const cancellation = await cancelGroup(deps, { companyId, groupId, requestId });
      if (cancellation.kind === "too_large") throw new ProblemError(422, "group_too_large", groupTooLarge);
      return { data: cancellation.results.map(toGroupEntry) };
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
          ...problems(retryRefusals),
        },
      },
    },
    async ({ params: { id }, caller: { companyId }, id: requestId }) => {
      const result = await retryOnePost(deps, { companyId, id, requestId });
      if (result.kind !== "retried") throw notRetried(result);
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
          ...problems(resolveRefusals),
        },
      },
    },
    async ({ params: { id }, caller: { companyId }, id: requestId, body: { outcome, externalId = null } }) => {
      const verdict = outcome === "published" ? { outcome, externalId } : { outcome };
      const post = await resolvePost(deps.database, { companyId, id, requestId, verdict });
      if (post !== null) return toPostOut(post);
      const current = await findPost(deps.database, { companyId, id });
      if (current === null) throw notFound("post");
      throw notUnconfirmed(current.status);
    },
  );
};

function toGroupEntry({ result, post }: GroupMemberResult) {
  const cancelled = result.kind === "cancelled";
  return { id: post.id, status: cancelled ? 200 : 409, code: cancelled ? null : result.kind, post: toPostOut(post) };
}
