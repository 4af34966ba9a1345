/**
 * What operators can do to a post of any company: cancel, retry, resolve, reschedule. The same use cases as clients
 * have, asked for in the post's company's name.
 */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { companyOfPost, findOperatorPost, resolvePost } from "@punctual/db";
import { answer, problems } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import {
  cancelRefusals,
  editRefusals,
  notCancelled,
  notEdited,
  notRetried,
  notUnconfirmed,
  resolveRefusals,
  retryRefusals,
} from "../posts/action-refusals.ts";
import { cancelPost } from "../posts/cancel-post.ts";
import { editOnePost } from "../posts/edit-post.ts";
import { ResolutionIn } from "../posts/edit-schemas.ts";
import { retryOnePost } from "../posts/retry-post.ts";
import type { ScheduleDeps } from "../posts/schedule-posts.ts";
import { notFound } from "../problem.ts";
import { toOperatorPost } from "./post-answer.ts";
import { OperatorPost, RescheduleIn } from "./post-schemas.ts";

const afterwards = answer(OperatorPost, "The post as it is now.");

export const operatorPostActionRoutes: FastifyPluginAsyncTypebox<ScheduleDeps> = async (app, deps) => {
  const { database } = deps;

  async function companyOf(id: string): Promise<string> {
    const companyId = await companyOfPost(database, id);
    if (companyId === null) throw notFound("post");
    return companyId;
  }
  async function shown(id: string): Promise<OperatorPost> {
    const post = await findOperatorPost(database, id);
    if (post === null) throw notFound("post");
    return toOperatorPost(post);
  }

  app.post(
    "/posts/:id/cancel",
    {
      config: { audit: { action: "post.cancel", about: "postId" } },
      schema: {
        operationId: "cancelPostAsOperator",
        summary: "Cancel a post of any company",
        params: IdParams,
        response: {
          200: afterwards,
          ...problems(cancelRefusals),
        },
      },
    },
    async ({ params: { id }, id: requestId }) => {
      const result = await cancelPost(deps, { companyId: await companyOf(id), id, requestId });
      if (result.kind !== "cancelled") throw notCancelled(result);
      return shown(id);
    },
  );

  app.post(
    "/posts/:id/retry",
    {
      config: { audit: { action: "post.retry", about: "postId" } },
      schema: {
        operationId: "retryPostAsOperator",
        summary: "Try a post of any company again, now",
        params: IdParams,
        response: {
          200: afterwards,
          ...problems(retryRefusals),
        },
      },
    },
    async ({ params: { id }, id: requestId }) => {
      const result = await retryOnePost(deps, { companyId: await companyOf(id), id, requestId });
      if (result.kind !== "retried") throw notRetried(result);
      return shown(id);
    },
  );

  app.post(
    "/posts/:id/resolve",
    {
      config: { audit: { action: "post.resolve", about: "postId", keepBody: true } },
      schema: {
        operationId: "resolvePostAsOperator",
        summary: "Tell what became of an unconfirmed post of any company",
        params: IdParams,
        body: ResolutionIn,
        response: {
          200: afterwards,
          ...problems(resolveRefusals),
        },
      },
    },
    async ({ params: { id }, id: requestId, body: { outcome, externalId = null } }) => {
      const verdict = outcome === "published" ? { outcome, externalId } : { outcome };
      const resolved = await resolvePost(database, { companyId: await companyOf(id), id, requestId, verdict });
      const now = await shown(id);
      if (resolved !== null) return now;
      throw notUnconfirmed(now.post.status);
    },
  );

  app.post(
    "/posts/:id/reschedule",
    {
      config: { audit: { action: "post.reschedule", about: "postId", keepBody: true } },
      schema: {
        operationId: "reschedulePostAsOperator",
        summary: "Move a post of any company to another instant",
        description: "One that failed or was missed keeps its state; when it is retried, it goes out at that instant.",
        params: IdParams,
        body: RescheduleIn,
        response: {
          200: afterwards,
          ...problems(editRefusals),
        },
      },
    },
    async ({ params: { id }, id: requestId, body: { scheduledAt } }) => {
      const patch = { scheduledAt };
      const result = await editOnePost(deps, {
        companyId: await companyOf(id),
        id,
        requestId,
        patch,
        ifRevision: null,
      });
      if (result.kind !== "edited") throw notEdited(result);
      return shown(id);
    },
  );
};
