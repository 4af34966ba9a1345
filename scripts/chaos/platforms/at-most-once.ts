/** The test network on which a repeat doubles and only a listing can be read: presence can be seen, absence never. */
import type { Platform } from "@punctual/core";
import { describeNetwork, post, postBody, publishOutcome, read, type TestNetworkDeps } from "./test-network.ts";

const listingMax = 100;

export function createTestAtMostOnce(deps: TestNetworkDeps): Platform {
  const posts = (account: string) => `/test/at_most_once/${account}/posts`;
  return {
    ...describeNetwork("test_at_most_once", "at_most_once"),
    async send(outgoing, context) {
      return publishOutcome(await post(deps, posts(outgoing.socialAccountId), postBody(outgoing), context));
    },
    async confirm(outgoing, context) {
      const answer = await read(deps, `${posts(outgoing.socialAccountId)}?limit=${listingMax}`, context);
      const listed = (answer?.["data"] ?? []) as { id: string; url: string; text: string }[];
      // Texts of a run are unique, so the same text is the same post.
      const found = listed.find(({ text }) => text === outgoing.text);
      if (found === undefined) return { kind: "cannot_tell", message: "the listing does not show it" };
      return { kind: "published", externalId: found.id, externalUrl: found.url };
    },
  };
}
