/** `/v1/social-accounts`. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { findSocialAccount, listSocialAccounts, pauseAccount } from "@punctual/db";
import { answer, noSuch, problems } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import { PageQuery, readPage } from "../page.ts";
import { notFound } from "../problem.ts";
import { toSocialAccountOut } from "./account-answer.ts";
import type { ChangeDeps } from "./change-account.ts";
import { socialAccountChangeRoutes } from "./change-routes.ts";
import { connectAccount } from "./connect-account.ts";
import { refusedAccount, refusedAccountSample, unknownClient, unknownClientSample } from "./refusals.ts";
import { resumeAndRelease } from "./resume-account.ts";
import { SocialAccountIn, SocialAccountOut, SocialAccountPage } from "./schemas.ts";

export const socialAccountRoutes: FastifyPluginAsyncTypebox<ChangeDeps> = async (app, deps) => {
  const { database } = deps;
  await app.register(socialAccountChangeRoutes, deps);

  app.post(
    "/social-accounts",
    {
      config: { scope: "admin" },
      schema: {
        operationId: "createSocialAccount",
        summary: "Connect a social account",
        body: SocialAccountIn,
        response: {
          201: answer(SocialAccountOut, "The account, connected.", ["Location"]),
          ...problems({ 404: unknownClientSample, 422: refusedAccountSample }),
        },
      },
    },
    async (request, reply) => {
      const result = await connectAccount(deps, request.caller.companyId, request.body);
      if (result.kind === "no_such_client") throw unknownClient();
      if (result.kind === "refused") throw refusedAccount(result.issues);
      reply.code(201).header("location", `/v1/social-accounts/${result.account.id}`);
      return toSocialAccountOut(result.account);
    },
  );

  app.get(
    "/social-accounts",
    {
      config: { scope: "read" },
      schema: {
        operationId: "listSocialAccounts",
        summary: "List social accounts, newest first",
        querystring: PageQuery,
        response: { 200: answer(SocialAccountPage, "A page of accounts.") },
      },
    },
    async ({ query, caller: { companyId } }) => {
      const { rows, nextCursor } = await readPage(query, (page) =>
        listSocialAccounts(database, { companyId, ...page }),
      );
      return { data: rows.map(toSocialAccountOut), nextCursor };
    },
  );

  app.get(
    "/social-accounts/:id",
    {
      config: { scope: "read" },
      schema: {
        operationId: "getSocialAccount",
        summary: "One social account",
        params: IdParams,
        response: { 200: answer(SocialAccountOut, "The account."), ...problems({ 404: noSuch("social account") }) },
      },
    },
    async ({ params: { id }, caller: { companyId } }) => {
      const account = await findSocialAccount(database, { companyId, id });
      if (account === null) throw notFound("social account");
      return toSocialAccountOut(account);
    },
  );

  const action = {
    config: { scope: "admin" as const },
    schema: {
      params: IdParams,
      response: {
        200: answer(SocialAccountOut, "The account as it is now."),
        ...problems({ 404: noSuch("social account") }),
      },
    },
  };

  app.post(
    "/social-accounts/:id/pause",
    { ...action, schema: { operationId: "pauseSocialAccount", summary: "Hold an account's posts", ...action.schema } },
    async ({ params: { id }, caller: { companyId } }) => {
      const account = await pauseAccount(database, { companyId, id });
      if (account === null) throw notFound("social account");
      return toSocialAccountOut(account);
    },
  );

  app.post(
    "/social-accounts/:id/resume",
    {
      ...action,
      schema: { operationId: "resumeSocialAccount", summary: "Release an account's posts", ...action.schema },
    },
    async ({ params: { id }, caller: { companyId } }) => {
      const account = await resumeAndRelease(deps, { companyId, id });
      if (account === null) throw notFound("social account");
      return toSocialAccountOut(account);
    },
  );
};
