/** `/v1/social-accounts`. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { findSocialAccount, listSocialAccounts, pauseAccount } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import { IdParams } from "../field-schemas.ts";
import { PageQuery, readPage } from "../page.ts";
import { notFound, ProblemError, problems } from "../problem.ts";
import { toSocialAccountOut } from "./account-answer.ts";
import { connectAccount, type ConnectDeps, type ConnectResult } from "./connect-account.ts";
import { resumeAndRelease } from "./resume-account.ts";
import { SocialAccountIn, SocialAccountOut, SocialAccountPage } from "./schemas.ts";

export interface SocialAccountDeps extends ConnectDeps {
  producer: PublishProducer;
}

export const socialAccountRoutes: FastifyPluginAsyncTypebox<SocialAccountDeps> = async (app, deps) => {
  const { database } = deps;

  app.post(
    "/social-accounts",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Connect a social account",
        body: SocialAccountIn,
        response: { 201: SocialAccountOut, ...problems(400, 401, 403, 404, 413, 415, 422, 500, 503) },
      },
    },
    async (request, reply) => {
      const result = await connectAccount(deps, request.caller.companyId, request.body);
      if (result.kind !== "connected") throw notConnected(result);
      reply.code(201).header("location", `/v1/social-accounts/${result.account.id}`);
      return toSocialAccountOut(result.account);
    },
  );

  app.get(
    "/social-accounts",
    {
      config: { scope: "read" },
      schema: {
        summary: "List social accounts, newest first",
        querystring: PageQuery,
        response: { 200: SocialAccountPage, ...problems(400, 401, 403, 500, 503) },
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
        summary: "One social account",
        params: IdParams,
        response: { 200: SocialAccountOut, ...problems(400, 401, 403, 404, 500, 503) },
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
    schema: { params: IdParams, response: { 200: SocialAccountOut, ...problems(400, 401, 403, 404, 500, 503) } },
  };

  app.post(
    "/social-accounts/:id/pause",
    { ...action, schema: { summary: "Hold an account's posts", ...action.schema } },
    async ({ params: { id }, caller: { companyId } }) => {
      const account = await pauseAccount(database, { companyId, id });
      if (account === null) throw notFound("social account");
      return toSocialAccountOut(account);
    },
  );

  app.post(
    "/social-accounts/:id/resume",
    { ...action, schema: { summary: "Release an account's posts", ...action.schema } },
    async ({ params: { id }, caller: { companyId } }) => {
      const account = await resumeAndRelease(deps, { companyId, id });
      if (account === null) throw notFound("social account");
      return toSocialAccountOut(account);
    },
  );
};

function notConnected(result: Exclude<ConnectResult, { kind: "connected" }>): ProblemError {
  if (result.kind === "no_such_client") {
    const issue = { path: "/clientId", code: "unknown_client", message: "there is no such client" };
    return new ProblemError(404, "unknown_client", "There is no such client.", { issues: [issue] });
  }
  const detail = "The account cannot be connected like this, see errors.";
  return new ProblemError(422, "invalid_social_account", detail, { issues: result.issues });
}
