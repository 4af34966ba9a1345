/** `/v1/operator/redrive`: sending many failed or missed posts again, after having seen which. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  holdPostsOfClosedAccount,
  previewRedrive,
  redriveCountMax,
  redrivePosts,
  type OperatorPostFilter,
} from "@punctual/db";
import { answer, problems } from "../answer.ts";
import { counted, verb } from "../overview/amounts.ts";
import { readFilterInstant } from "../posts/post-filter.ts";
import type { ScheduleDeps } from "../posts/schedule-posts.ts";
import { ProblemError } from "../problem.ts";
import { toPostRow } from "./post-answer.ts";
import { anyPost } from "./post-routes.ts";
import { Redrive, RedriveIn, RedrivePreview, RedrivePreviewIn, type RedriveFilter } from "./redrive-schemas.ts";

/** Held at once; the workers hold those of further accounts. */
const closedAccountsMax = 100;

export const redriveRoutes: FastifyPluginAsyncTypebox<Pick<ScheduleDeps, "database" | "producer">> = async (
  app,
  { database, producer },
) => {
  app.post(
    "/redrive/preview",
    {
      // A POST for its filter's sake.
      config: { audit: "looks" },
      schema: {
        operationId: "previewRedrive",
        summary: "Which failed or missed posts a redrive would send again",
        body: RedrivePreviewIn,
        response: { 200: answer(RedrivePreview, "How many, of which accounts, and some of them.") },
      },
    },
    async ({ body }) => {
      const { sample, ...preview } = await previewRedrive(database, toFilter(body.filter));
      return { ...preview, sample: sample.map(toPostRow), countMax: redriveCountMax };
    },
  );

  app.post(
    "/redrive",
    {
      config: { audit: { action: "posts.redrive", keepBody: true } },
      schema: {
        operationId: "redrivePosts",
        summary: "Send failed or missed posts again, at a pace per account",
        description:
          "All that fit, or none: if it is not as many as the preview showed, nothing happens. Unconfirmed posts are never among them.",
        body: RedriveIn,
        response: {
          202: answer(Redrive, "They wait again."),
          ...problems({
            409: { count_changed: "298 posts fit by now, not 300; look at the preview again." },
            422: { too_many: "At most 20000 posts are sent again at once; narrow the filter." },
          }),
        },
      },
    },
    async (request, reply) => {
      const { filter, expectedCount, perAccountPerMinute } = request.body;
      if (expectedCount > redriveCountMax) {
        const detail = `At most ${redriveCountMax} posts are sent again at once; narrow the filter.`;
        throw new ProblemError(422, "too_many", detail);
      }
      const redriveId = request.actionId ?? request.id;
      const result = await redrivePosts(database, {
        filter: toFilter(filter),
        expectedCount,
        perAccountPerMinute,
        requestId: request.id,
        redriveId,
      });
      if (result.kind === "count_changed") {
        const detail = `${counted(result.count, "post")} ${verb(result.count, "fits", "fit")} by now, not ${expectedCount}; look at the preview again.`;
        throw new ProblemError(409, "count_changed", detail);
      }
      producer.nudge(result.soonest);
      for (const accountId of result.closedAccountIds.slice(0, closedAccountsMax)) {
        await holdPostsOfClosedAccount(database, accountId);
      }
      request.log.info({ redriveId, count: result.count }, "an operator sent posts again");
      reply.code(202);
      return { redriveId, accepted: result.count, lastDueAt: result.lastDueAt.toISOString() };
    },
  );
};

/** @throws {ProblemError} 400 if an instant does not exist */
function toFilter({
  status,
  companyId,
  socialAccountId,
  platform,
  category,
  from,
  to,
}: RedriveFilter): OperatorPostFilter {
  return {
    ...anyPost,
    statuses: status === undefined ? ["failed", "missed"] : [status],
    companyId: companyId ?? null,
    socialAccountId: socialAccountId ?? null,
    platform: platform ?? null,
    categories: category === undefined ? null : [category],
    from: readFilterInstant("/filter/from", from),
    to: readFilterInstant("/filter/to", to),
  };
}
