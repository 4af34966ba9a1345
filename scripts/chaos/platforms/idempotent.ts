/** The test network on which a repeat under the same key is harmless. */
import type { Platform } from "@punctual/core";
import { describeNetwork, post, postBody, publishOutcome, type TestNetworkDeps } from "./test-network.ts";

export function createTestIdempotent(deps: TestNetworkDeps): Platform {
  return {
    ...describeNetwork("test_idempotent", "idempotent"),
    async send(outgoing, context) {
      const path = `/test/idempotent/${outgoing.socialAccountId}/posts`;
      const headers = { "idempotency-key": outgoing.id };
      return publishOutcome(await post(deps, path, postBody(outgoing), context, headers));
    },
  };
}
