/** The feed's three pages: all accounts, one account, one post. */
import { Type } from "typebox";
import type { Accounts } from "../accounts/accounts.ts";
import type { SandboxApp } from "../app.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { SandboxPlatform } from "../platform.ts";
import { readDeliveries, readFeed, summarizeAccounts } from "./feed.ts";
import { sendPage } from "./page.ts";
import { type AccountName, accountsView, feedView, missingView, postView } from "./views.ts";

export interface FeedDeps {
  ledger: Ledger;
  accounts: Accounts;
  platforms: readonly SandboxPlatform[];
}

const postsPerPage = 50;

const accountParams = Type.Object({ platform: Type.String(), account: Type.String() });
const postParams = Type.Object({ ...accountParams.properties, id: Type.String() });
const paging = Type.Object(
  { before: Type.Optional(Type.String({ pattern: "^[0-9]{1,15}$" })) },
  { additionalProperties: false },
);

export function feedRoutes(app: SandboxApp, { ledger, accounts, platforms }: FeedDeps): void {
  const displayNames = new Map(platforms.map(({ name, displayName }) => [name, displayName]));
  const naming = ({ platform, account }: { platform: string; account: string }): AccountName => ({
    platform,
    platformName: displayNames.get(platform) ?? platform,
    account,
    name: accounts.get(account).name,
  });

  app.get("/", (_request, reply) => {
    const found = summarizeAccounts(ledger).map((summary) => ({ ...summary, ...naming(summary) }));
    return sendPage(reply, { title: "Sandbox", main: accountsView(found) });
  });

  // Browsers ask for one with every first page.
  app.get("/favicon.ico", (_request, reply) => reply.code(204).header("cache-control", "max-age=86400").send());

  app.get("/feed/:platform/:account", { schema: { params: accountParams, querystring: paging } }, (request, reply) => {
    const { platform, account } = request.params;
    if (!displayNames.has(platform)) {
      return sendPage(reply, {
        title: "Not here",
        main: missingView("The sandbox has no such platform."),
        status: 404,
      });
    }
    const name = naming(request.params);
    const summary = summarizeAccounts(ledger).find((item) => item.platform === platform && item.account === account);
    const before = Number(request.query.before ?? Infinity);
    const page = readFeed(ledger, { platform, account, before, postsMax: postsPerPage });
    return sendPage(reply, { title: `${name.name ?? account} · Sandbox`, main: feedView(name, summary, page) });
  });

  app.get("/feed/:platform/:account/:id", { schema: { params: postParams } }, (request, reply) => {
    const { platform, account, id } = request.params;
    const entry = ledger.published(platform, account, id);
    if (entry === undefined) {
      return sendPage(reply, { title: "Not here", main: missingView("There is no such post."), status: 404 });
    }
    const name = naming(request.params);
    const deliveries = readDeliveries(ledger, entry);
    const repeats = deliveries.filter(({ outcome }) => outcome === "repeat").length;
    return sendPage(reply, { title: "Post · Sandbox", main: postView(name, { entry, repeats }, deliveries) });
  });
}
