/** A network where every call is a new post, and only a listing tells what is there. Told in `protocol.ts`. */
import { Type } from "typebox";
import { accountParams } from "../accounts/routes.ts";
import { takeJsonBodies } from "../app.ts";
import type { Effect } from "../exchange.ts";
import type { PlatformDeps, SandboxPlatform } from "../platform.ts";
import { callWith, describePost, lookUp, published, publishing, refusedDuplicate, visiblePosts } from "./protocol.ts";

const platform = "test_at_most_once";
const limitDefault = 20;

const listing = {
  params: accountParams,
  querystring: Type.Object(
    { limit: Type.Optional(Type.String({ pattern: "^([1-9][0-9]?|100)$" })) },
    { additionalProperties: false },
  ),
};

export function createAtMostOncePlatform({ ledger, exchange, accounts }: PlatformDeps): SandboxPlatform {
  function list(account: string, countMax: number, lagMs: number): Effect {
    const visibleUntil = Date.now() - lagMs;
    const data = [];
    for (const entry of visiblePosts(ledger, platform, account)) {
      if (data.length >= countMax) break;
      if (lagMs === 0 || Date.parse(entry.receivedAt) <= visibleUntil) data.push(describePost(entry));
    }
    return { answer: { status: 200, body: { data } }, entry: null };
  }

  return {
    name: platform,
    displayName: "Test network (at most once)",
    routes(scope) {
      takeJsonBodies(scope);
      scope.post("/test/at_most_once/:account/posts", { schema: publishing }, (request, reply) => {
        const { account } = request.params;
        const call = callWith(request.body, { platform, account, stage: "publish", key: null });
        const duplicate = () => (accounts.get(account).refuseDuplicates ? refusedDuplicate(ledger, call) : null);
        return exchange.perform(
          request,
          reply,
          call,
          () => duplicate() ?? published(exchange.newPost(platform, account)),
        );
      });

      scope.get("/test/at_most_once/:account/posts", { schema: listing }, (request, reply) => {
        const { account } = request.params;
        const countMax = Number(request.query.limit ?? limitDefault);
        const call = lookUp(platform, account, "list", null);
        return exchange.perform(request, reply, call, ({ lagMs }) => list(account, countMax, lagMs));
      });
    },
    forget() {
      // Everything is in the ledger.
    },
  };
}
