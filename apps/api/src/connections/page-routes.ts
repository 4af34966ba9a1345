/**
 * `/connect`: the pages on which somebody connects their account. They need no script. A link opens in any browser, but
 * whoever goes on from the first page takes it along: from then on its cookie is asked for. The state that comes back
 * from a platform is good for one call, in that browser, within the ten minutes.
 */
import { spendState } from "@punctual/db";
import type { FastifyInstance } from "fastify";
import type { ChangeDeps } from "../social-accounts/change-account.ts";
import { askPages } from "./ask-pages.ts";
import { browserOf } from "./browser.ts";
import { choosePages, chooseTo } from "./choose-pages.ts";
import { problemOf } from "../plugins/errors.ts";
import { takeForms } from "./forms.ts";
import { finishLogIn } from "./log-in.ts";
import { baseUrlOf, goBack, sendFailed, sendFault, sendForeign } from "./way-back.ts";

export interface PageDeps extends ChangeDeps {
  /** Where browsers reach us; undefined: wherever they say they do. */
  publicUrl: string | undefined;
}

export async function connectPages(scope: FastifyInstance, deps: PageDeps): Promise<void> {
  takeForms(scope);
  scope.setErrorHandler((error, request, reply) => sendFault(reply, problemOf(error, request)));
  askPages(scope, deps);
  choosePages(scope, deps);

  scope.get<{ Params: { platform: string }; Querystring: Record<string, string | string[]> }>(
    "/:platform/callback",
    { schema: { hide: true } },
    async (request, reply) => {
      const { platform } = request.params;
      const query = singleValues(request.query);
      const browser = browserOf(request, baseUrlOf(request, deps.publicUrl));
      const { state = "" } = query;
      const connection = browser === null ? null : await spendState(deps.database, { platform, state, browser });
      if (connection === null || browser === null) return sendForeign(reply);
      const result = await finishLogIn(deps, connection, query);
      const { id: connectionId } = connection;
      request.log.info({ connectionId, platform, result: result.kind }, "somebody came back from a log-in");
      switch (result.kind) {
        case "choose":
          return chooseTo(deps, { request, reply, id: connectionId, browser });
        case "cancelled":
          return goBack(reply, connection, "cancelled");
        case "failed":
          return sendFailed(reply, connection, result.message);
      }
    },
  );
}

/** What is given twice is not given. */
function singleValues(query: Record<string, string | string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
