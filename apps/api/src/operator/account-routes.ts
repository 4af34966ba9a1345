/** `/v1/operator/social-accounts`: finding accounts of all companies, pausing, resuming, checking, reconnecting them. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { pauseAccount, searchAccounts, type OperatorAccountFilter, type OperatorAccountRecord } from "@punctual/db";
import { answer, noSuch, problems } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import { ConnectionStarted } from "../connections/schemas.ts";
import { byHand, hasLogIn, startReconnection } from "../connections/start-reconnection.ts";
import { baseUrlOf } from "../connections/way-back.ts";
import { readPage } from "../page.ts";
import { notFound, ProblemError } from "../problem.ts";
import { checkAccount } from "../social-accounts/check-account.ts";
import type { ConnectDeps } from "../social-accounts/connect-account.ts";
import { resumeAndRelease } from "../social-accounts/resume-account.ts";
import { AccountCheckOut } from "../social-accounts/schemas.ts";
import type { PublishProducer } from "@punctual/queue";
import { OperatorAccount, OperatorAccountPage, OperatorAccountQuery } from "./account-schemas.ts";

export interface OperatorAccountDeps extends ConnectDeps {
  producer: PublishProducer;
  /** Where browsers reach us; undefined: wherever the operator does. */
  publicUrl: string | undefined;
}

const afterwards = answer(OperatorAccount, "The account as it is now.");

export const operatorAccountRoutes: FastifyPluginAsyncTypebox<OperatorAccountDeps> = async (app, deps) => {
  const { database } = deps;

  /** @throws {ProblemError} 404 */
  async function find(id: string): Promise<OperatorAccountRecord> {
    const filter = { ...anyAccount, q: id };
    const [account] = await searchAccounts(database, { filter, limit: 1, beforeId: null });
    if (account === undefined) throw notFound("social account");
    return account;
  }

  app.get(
    "/social-accounts",
    {
      config: { quiet: true },
      schema: {
        operationId: "searchAccounts",
        summary: "Find social accounts of all companies, newest first",
        querystring: OperatorAccountQuery,
        response: { 200: answer(OperatorAccountPage, "A page of accounts.") },
      },
    },
    async ({ query }) => {
      const filter = {
        q: query.q?.trim() ?? null,
        companyId: query.companyId ?? null,
        clientId: query.clientId ?? null,
        platform: query.platform ?? null,
        state: query.state ?? null,
      };
      const { rows, nextCursor } = await readPage(query, (page) => searchAccounts(database, { filter, ...page }));
      return { data: rows.map((account) => toAccount(account)), nextCursor };
    },
  );

  app.get(
    "/social-accounts/:id",
    {
      config: { quiet: true },
      schema: {
        operationId: "getOperatorAccount",
        summary: "One social account of any company",
        params: IdParams,
        response: { 200: answer(OperatorAccount, "The account."), ...problems({ 404: noSuch("social account") }) },
      },
    },
    async ({ params: { id } }) => toAccount(await find(id)),
  );

  app.post(
    "/social-accounts/:id/pause",
    {
      config: { audit: { action: "account.pause", about: "socialAccountId" } },
      schema: {
        operationId: "pauseAccountAsOperator",
        summary: "Hold the posts of an account of any company",
        params: IdParams,
        response: { 200: afterwards, ...problems({ 404: noSuch("social account") }) },
      },
    },
    async ({ params: { id } }) => {
      const { company } = await find(id);
      await pauseAccount(database, { companyId: company.id, id });
      return toAccount(await find(id));
    },
  );

  app.post(
    "/social-accounts/:id/resume",
    {
      config: { audit: { action: "account.resume", about: "socialAccountId" } },
      schema: {
        operationId: "resumeAccountAsOperator",
        summary: "Let the posts of an account of any company go again",
        params: IdParams,
        response: { 200: afterwards, ...problems({ 404: noSuch("social account") }) },
      },
    },
    async ({ params: { id } }) => {
      const { company } = await find(id);
      await resumeAndRelease(deps, { companyId: company.id, id });
      return toAccount(await find(id));
    },
  );

  app.post(
    "/social-accounts/:id/check",
    {
      config: { audit: { action: "account.check", about: "socialAccountId" } },
      schema: {
        operationId: "checkAccountAsOperator",
        summary: "Ask the platform whether an account's credentials work",
        params: IdParams,
        response: {
          200: answer(AccountCheckOut, "What the platform said."),
          ...problems({ 404: noSuch("social account") }),
        },
      },
    },
    async ({ params: { id } }) => {
      const { company } = await find(id);
      const check = await checkAccount(deps, { companyId: company.id, id });
      if (check === null) throw notFound("social account");
      return { result: check.kind, message: check.kind === "works" ? null : check.message, issues: check.issues };
    },
  );

  app.post(
    "/social-accounts/:id/reconnect",
    {
      config: { audit: { action: "account.reconnect", about: "socialAccountId" } },
      schema: {
        operationId: "reconnectAccountAsOperator",
        summary: "Make a link by which an account is reconnected",
        description:
          "Open `authorizeUrl`, or hand it to whoever owns the account: the platform's log-in follows. Only a log-in that has this very account will do; whoever logs in as somebody else is told so. Its held posts are released then, and the browser comes to the operators' page.",
        params: IdParams,
        response: {
          201: answer(ConnectionStarted, "The link, good for ten minutes."),
          ...problems({ 404: noSuch("social account"), 422: reconnectionRefusals }),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { company } = await find(id);
      const baseUrl = baseUrlOf(request, deps.publicUrl);
      const result = await startReconnection(deps, { companyId: company.id, id, baseUrl });
      switch (result.kind) {
        case "no_such_account":
          throw notFound("social account");
        case "refused":
          throw new ProblemError(422, result.code, result.message);
        case "started": {
          const { id: connectionId, authorizeUrl, expiresAt } = result;
          request.log.info({ connectionId, socialAccountId: id }, "an operator started a reconnection");
          reply.code(201);
          return { id: connectionId, authorizeUrl, expiresAt: expiresAt.toISOString() };
        }
      }
    },
  );

  function toAccount({ createdAt, updatedAt, ...account }: OperatorAccountRecord): OperatorAccount {
    const logIn = hasLogIn(deps.platforms, account);
    return { ...account, logIn, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
  }
};

const anyAccount: OperatorAccountFilter = { q: null, companyId: null, clientId: null, platform: null, state: null };

const reconnectionRefusals = {
  no_log_in: `There is no log-in at webhook: ${byHand}.`,
  not_configured: `Nobody can log in at that platform here, since SANDBOX_URL is not set on this installation: ${byHand}.`,
  not_recognisable: `Nothing is stored that tells this account from others of its platform: ${byHand}.`,
} as const;
