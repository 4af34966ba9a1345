/**
 * `/connect/{id}/accounts`: the user chooses among their accounts; where there is one, or where only one will do, there
 * is nothing to choose.
 */
import { endConnection, findConnectionOfBrowser, type ConnectionRecord } from "@punctual/db";
import type { ConnectableAccount } from "@punctual/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { browserOf, formProof, isFromElsewhere, isProof } from "./browser.ts";
import { formOf } from "./forms.ts";
import { offeredAccounts } from "./log-in.ts";
import { sendPage } from "./page.ts";
import type { PageDeps } from "./page-routes.ts";
import { storeAccounts } from "./store-accounts.ts";
import { chooseView } from "./views.ts";
import { baseUrlOf, goBack, sendFailed, sendForeign, sendGone } from "./way-back.ts";

interface IdParams {
  id: string;
}

const uuid = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
const schema = {
  hide: true,
  params: { type: "object", required: ["id"], properties: { id: { type: "string", pattern: uuid } } },
};

export function choosePages(scope: FastifyInstance, deps: PageDeps): void {
  scope.get<{ Params: IdParams }>("/:id/accounts", { schema }, async (request, reply) => {
    const { connection, browser } = await find(request);
    const accounts = connection === null ? null : choosable(connection);
    if (connection === null || accounts === null || browser === null) return sendGone(reply, connection);
    return sendChoice(reply, connection, { accounts, browser });
  });

  scope.post<{ Params: IdParams }>("/:id/accounts", { schema }, async (request, reply) => {
    const { connection, browser } = await find(request);
    const accounts = connection === null ? null : choosable(connection);
    if (connection === null || accounts === null || browser === null) return sendGone(reply, connection);
    const form = formOf(request);
    if (isFromElsewhere(request) || !isProof(form["proof"]?.[0], browser, connection.id)) return sendForeign(reply);
    if (form["action"]?.[0] === "cancel") {
      await endConnection(deps.database, { id: connection.id, status: "cancelled" });
      return goBack(reply, connection, "cancelled");
    }
    const chosen = accounts.filter((_account, index) => form["account"]?.includes(String(index)));
    if (chosen.length === 0) return sendChoice(reply, connection, { accounts, browser, fault: "Choose at least one." });
    return store(deps, { request, reply, connection, accounts: chosen });
  });

  async function find(request: FastifyRequest<{ Params: IdParams }>) {
    const browser = browserOf(request, baseUrlOf(request, deps.publicUrl));
    const { id } = request.params;
    return {
      browser,
      connection: browser === null ? null : await findConnectionOfBrowser(deps.database, { id, browser }),
    };
  }

  function choosable(connection: ConnectionRecord): readonly ConnectableAccount[] | null {
    if (connection.status !== "choosing" || connection.expired) return null;
    return offeredAccounts(deps.keyring, connection);
  }

  function sendChoice(
    reply: FastifyReply,
    connection: ConnectionRecord,
    { accounts, browser, fault }: { accounts: readonly ConnectableAccount[]; browser: string; fault?: string },
  ): FastifyReply {
    const platformName = deps.platforms.get(connection.platform)?.description.displayName ?? connection.platform;
    const proof = formProof(browser, connection.id);
    const main = chooseView({ connection, platformName, accounts, proof, ...(fault === undefined ? {} : { fault }) });
    const status = fault === undefined ? 200 : 422;
    return sendPage(reply, { title: `Choose ${platformName} accounts`, main, status, leadsTo: connection.returnUrl });
  }
}

/** After the log-in: to the choice, or straight to the end. */
export async function chooseTo(
  deps: PageDeps,
  { request, reply, id, browser }: { request: FastifyRequest; reply: FastifyReply; id: string; browser: string },
): Promise<FastifyReply> {
  const connection = await findConnectionOfBrowser(deps.database, { id, browser });
  const accounts = connection === null ? null : offeredAccounts(deps.keyring, connection);
  if (connection === null || accounts === null) return sendGone(reply, connection);
  if (accounts.length === 1 || connection.socialAccount !== null)
    return store(deps, { request, reply, connection, accounts });
  return reply.redirect(`/connect/${id}/accounts`, 303);
}

async function store(
  deps: PageDeps,
  {
    request,
    reply,
    connection,
    accounts,
  }: {
    request: FastifyRequest;
    reply: FastifyReply;
    connection: ConnectionRecord;
    accounts: readonly ConnectableAccount[];
  },
): Promise<FastifyReply> {
  const result = await storeAccounts(deps, connection, { accounts, requestId: request.id });
  const { id: connectionId, companyId, platform } = connection;
  switch (result.kind) {
    case "connected": {
      const { socialAccountIds } = result;
      request.log.info({ connectionId, companyId, platform, socialAccountIds }, "accounts were connected");
      return goBack(reply, connection, "connected");
    }
    case "failed":
      request.log.warn({ connectionId, companyId, platform }, "an account could not be connected");
      return sendFailed(reply, connection, result.message);
    case "gone":
      return sendGone(reply, connection);
  }
}
