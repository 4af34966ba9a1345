/** `/connect/{ticket}`: names the company, asks what the platform needs to know, and sends the browser there. */
import { endConnection, findConnectionByTicket, findConnectionOfBrowser, type ConnectionRecord } from "@punctual/db";
import type { FastifyInstance, FastifyReply } from "fastify";
import { browserOf, formProof, isFromElsewhere, isProof, knowBrowser } from "./browser.ts";
import { chooseTo } from "./choose-pages.ts";
import { answersOf, formOf } from "./forms.ts";
import { beginLogIn } from "./log-in.ts";
import { sendPage } from "./page.ts";
import type { PageDeps } from "./page-routes.ts";
import { askView, leavingView, type Ask } from "./views.ts";
import { baseUrlOf, goBack, sendForeign, sendGone } from "./way-back.ts";

interface TicketParams {
  ticket: string;
}

export function askPages(scope: FastifyInstance, deps: PageDeps): void {
  const { database } = deps;
  const baseOf = (request: Parameters<typeof baseUrlOf>[0]) => baseUrlOf(request, deps.publicUrl);

  scope.get<{ Params: TicketParams }>("/:ticket", { schema: { hide: true } }, async (request, reply) => {
    const connection = await findConnectionByTicket(database, request.params.ticket);
    if (connection === null || isOver(connection)) return sendGone(reply, connection);
    const browser = knowBrowser(request, reply, baseOf(request));
    if (!(await mayGoOn(connection, browser))) return sendGone(reply, connection);
    return sendAsk(reply, connection, { browser, answers: {} });
  });

  scope.post<{ Params: TicketParams }>("/:ticket", { schema: { hide: true } }, async (request, reply) => {
    const connection = await findConnectionByTicket(database, request.params.ticket);
    if (connection === null || isOver(connection)) return sendGone(reply, connection);
    const browser = browserOf(request, baseOf(request));
    const form = formOf(request);
    if (browser === null || isFromElsewhere(request) || !isProof(form["proof"]?.[0], browser, connection.id)) {
      return sendForeign(reply);
    }
    if (!(await mayGoOn(connection, browser))) return sendGone(reply, connection);
    if (form["action"]?.[0] === "cancel") {
      await endConnection(database, { id: connection.id, status: "cancelled" });
      return goBack(reply, connection, "cancelled");
    }

    const answers = answersOf(form);
    const result = await beginLogIn(deps, connection, { browser, answers });
    const context = { connectionId: connection.id, platform: connection.platform, result: result.kind };
    request.log.info(context, "somebody went on with a connection");
    switch (result.kind) {
      case "redirect": {
        const title = `On to ${platformName(connection)}`;
        return sendPage(reply, { title, main: leavingView(platformName(connection), result.url), goesTo: result.url });
      }
      case "choose":
        return chooseTo(deps, { request, reply, id: connection.id, browser });
      case "ask_again": {
        const { message, question } = result;
        const fault = { message, ...(question === undefined ? {} : { question }) };
        return sendAsk(reply, connection, { browser, answers, fault });
      }
      case "gone":
        return sendGone(reply, { ...connection, expired: true });
    }
  });

  async function mayGoOn({ id, taken }: ConnectionRecord, browser: string): Promise<boolean> {
    return !taken || (await findConnectionOfBrowser(database, { id, browser })) !== null;
  }

  function sendAsk(
    reply: FastifyReply,
    connection: ConnectionRecord,
    { browser, answers, fault }: { browser: string } & Pick<Ask, "answers" | "fault">,
  ): FastifyReply {
    const questions = deps.platforms.get(connection.platform)?.connector?.questions(connection.sandbox) ?? [];
    const main = askView({
      connection,
      platformName: platformName(connection),
      questions,
      proof: formProof(browser, connection.id),
      answers,
      ...(fault === undefined ? {} : { fault }),
    });
    const what = connection.socialAccount?.name ?? platformName(connection);
    const title = `${connection.socialAccount === null ? "Connect" : "Reconnect"} ${what} to ${connection.companyName}`;
    return sendPage(reply, { title, main, status: fault === undefined ? 200 : 422, leadsTo: connection.returnUrl });
  }

  function platformName({ platform }: ConnectionRecord): string {
    return deps.platforms.get(platform)?.description.displayName ?? platform;
  }
}

function isOver({ status, expired }: ConnectionRecord): boolean {
  return expired || !(status === "open" || status === "away" || status === "choosing");
}
