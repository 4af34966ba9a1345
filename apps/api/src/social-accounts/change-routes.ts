/** What can be done to a social account that exists, besides pausing it: change, delete, check. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { deleteSocialAccount, type SocialAccountDeletionResult } from "@punctual/db";
import { Type } from "typebox";
import { answer, noSuch, problems } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import { notFound, ProblemError } from "../problem.ts";
import { changingTooFast } from "../rounds.ts";
import { toSocialAccountOut } from "./account-answer.ts";
import { changeAccount, type ChangeDeps } from "./change-account.ts";
import { checkAccount } from "./check-account.ts";
import { refusedAccount, refusedAccountSample, unknownClient, unknownClientSample } from "./refusals.ts";
import { AccountCheckOut, SocialAccountOut, SocialAccountPatch } from "./schemas.ts";

const DeletionQuery = Type.Object(
  {
    cancelWaiting: Type.Optional(
      Type.Boolean({ description: "True: its posts that wait are cancelled. Without it they stand in the way." }),
    ),
  },
  { additionalProperties: false },
);

export const socialAccountChangeRoutes: FastifyPluginAsyncTypebox<ChangeDeps> = async (app, deps) => {
  app.patch(
    "/social-accounts/:id",
    {
      config: { scope: "admin" },
      schema: {
        operationId: "updateSocialAccount",
        summary: "Change or reconnect a social account",
        description:
          "Giving credentials, whole or in part, reconnects the account: it is active again, and its posts are released.",
        params: IdParams,
        body: SocialAccountPatch,
        response: {
          200: answer(SocialAccountOut, "The account as it is now."),
          ...problems({
            404: { ...noSuch("social account"), ...unknownClientSample },
            422: refusedAccountSample,
            503: { account_changing: "The social account is changing too fast; try again." },
          }),
        },
      },
    },
    async ({ params: { id }, body: patch, caller: { companyId }, id: requestId }) => {
      const result = await changeAccount(deps, { companyId, id, patch, requestId });
      switch (result.kind) {
        case "changed":
          return toSocialAccountOut(result.account);
        case "no_such_account":
          throw notFound("social account");
        case "no_such_client":
          throw unknownClient();
        case "refused":
          throw refusedAccount(result.issues);
        case "contended":
          throw changingTooFast("account_changing", "social account");
      }
    },
  );

  app.delete(
    "/social-accounts/:id",
    {
      config: { scope: "admin" },
      schema: {
        operationId: "deleteSocialAccount",
        summary: "Delete a social account",
        description: "Its credentials are wiped; its posts, which have all ended, can still be read.",
        params: IdParams,
        querystring: DeletionQuery,
        response: {
          204: Type.Null({ description: "It is gone." }),
          ...problems({
            404: noSuch("social account"),
            409: {
              has_waiting_posts: {
                detail: "Posts wait for this account: 3. Cancel them, or ask for it with cancelWaiting=true.",
                waitingPosts: 3,
              },
              has_unsettled_posts: {
                detail: "It is not known yet what becomes of posts of this account: 1. Try again when it is.",
                waitingPosts: 1,
              },
            },
          }),
        },
      },
    },
    async ({ params: { id }, query: { cancelWaiting = false }, caller: { companyId }, id: requestId }, reply) => {
      const result = await deleteSocialAccount(deps.database, deps.keyring, {
        companyId,
        id,
        cancelWaiting,
        requestId,
      });
      if (result.kind !== "deleted") throw notDeleted(result);
      deps.producer.discard(result.cancelled);
      return reply.code(204).send(null);
    },
  );

  app.post(
    "/social-accounts/:id/check",
    {
      config: { scope: "admin" },
      schema: {
        operationId: "checkSocialAccount",
        summary: "Ask the platform whether an account's credentials work",
        description: "Changes nothing: an account that is refused keeps its status until a post is.",
        params: IdParams,
        response: {
          200: answer(AccountCheckOut, "What the platform said."),
          ...problems({ 404: noSuch("social account") }),
        },
      },
    },
    async ({ params: { id }, caller: { companyId } }) => {
      const check = await checkAccount(deps, { companyId, id });
      if (check === null) throw notFound("social account");
      const message = check.kind === "works" ? null : check.message;
      return { result: check.kind, message, issues: check.issues };
    },
  );
};

function notDeleted(result: Exclude<SocialAccountDeletionResult, { kind: "deleted" }>): ProblemError {
  switch (result.kind) {
    case "no_such_account":
      return notFound("social account");
    case "has_waiting_posts": {
      const detail = `Posts wait for this account: ${result.count}. Cancel them, or ask for it with cancelWaiting=true.`;
      return new ProblemError(409, "has_waiting_posts", detail, { waitingPosts: result.count });
    }
    case "has_unsettled_posts": {
      const detail = `It is not known yet what becomes of posts of this account: ${result.count}. Try again when it is.`;
      return new ProblemError(409, "has_unsettled_posts", detail, { waitingPosts: result.count });
    }
  }
}
