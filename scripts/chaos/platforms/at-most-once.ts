/**
 * The test network on which a repeat doubles and only a listing can be read: presence can be seen, absence never. It is
 * also the one that lets an account publish only so often; the sandbox does not mind, so only we keep to it.
 */
import type { Platform, RateLimit } from "@punctual/core";
import { describeNetwork, post, postBody, publishOutcome, read, type TestNetworkDeps } from "./test-network.ts";

const listingMax = 100;
/** Twice of what a run schedules for an account on the whole, so that it binds and what it delays still goes out. */
export const atMostOnceLimit: RateLimit = { scope: "account", max: 15, windowMs: 3_000 };

export function createTestAtMostOnce(deps: TestNetworkDeps): Platform {
  const posts = (account: string) => `/test/at_most_once/${account}/posts`;
  return {
    ...describeNetwork("test_at_most_once", "at_most_once"),
    rateLimits: [atMostOnceLimit],
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
