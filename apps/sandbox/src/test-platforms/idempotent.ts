/** A network where a repeat under the same key is harmless. The protocol is told in `protocol.ts`. */
import { takeJsonBodies } from "../app.ts";
import type { Call, Effect } from "../exchange.ts";
import type { PlatformDeps, SandboxPlatform } from "../platform.ts";
import { callWith, published, publishing, refused } from "./protocol.ts";

const platform = "test_idempotent";
const keyLengthMax = 200;

export function createIdempotentPlatform({ ledger, exchange }: PlatformDeps): SandboxPlatform {
  function receive(call: Call, body: string): Effect {
    const { account, key } = call;
    if (key === null) return refused(400, "missing_idempotency_key", "The header Idempotency-Key is missing.");
    const first = ledger.acceptedUnder(platform, account, key);
    if (first === undefined) return published(exchange.newPost(platform, account));
    const { externalId, externalUrl } = first;
    return {
      answer: {
        status: 201,
        body: { id: externalId, url: externalUrl },
        headers: { "idempotent-replayed": "true" },
      },
      entry: { outcome: "repeat", externalId, externalUrl, bodyChanged: first.body !== body },
    };
  }

  return {
    name: platform,
    displayName: "Test network (idempotent)",
    routes(scope) {
      takeJsonBodies(scope);
      scope.post("/test/idempotent/:account/posts", { schema: publishing }, (request, reply) => {
        const { account } = request.params;
        const header = request.headers["idempotency-key"];
        const key = typeof header === "string" && header !== "" && header.length <= keyLengthMax ? header : null;
        const call = callWith(request.body, { platform, account, stage: "publish", key });
        return exchange.perform(request, reply, call, () => receive(call, request.rawBody.toString("utf8")));
      });
    },
    forget() {
      // Which keys were used is read off the ledger.
    },
  };
}
