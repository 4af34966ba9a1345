/**
 * The test network on which a repeat doubles, but a one-shot handle made beforehand can be read: `prepare` makes it,
 * once per revision, `send` publishes it, `confirm` reads it. Going on with the handle of an earlier attempt is what
 * keeps a request that crawls through the network from doubling the post.
 */
import type { CallContext, OutgoingPost, Platform, Prepared } from "@punctual/core";
import {
  describeNetwork,
  parseObject,
  post,
  postBody,
  publishOutcome,
  read,
  type TestNetworkDeps,
} from "./test-network.ts";

export function createTestConfirmable(deps: TestNetworkDeps): Platform {
  const handles = (outgoing: OutgoingPost) => `/test/confirmable/${outgoing.socialAccountId}/handles`;

  async function createHandle(outgoing: OutgoingPost, context: CallContext): Promise<Prepared> {
    const result = await post(deps, handles(outgoing), postBody(outgoing), context);
    if (result.kind !== "answer") {
      const { code, message } = result;
      return { kind: "retry", category: "network", code, message };
    }
    const handle = parseObject(result.body)?.["handle"];
    if (result.status === 201 && typeof handle === "string") return { kind: "ready", checkpoint: { handle } };
    // Nothing is visible yet, so even an unreadable answer is a certain no.
    const outcome = publishOutcome(result);
    if (outcome.kind === "published" || outcome.kind === "unknown") {
      const code = `http_${result.status}`;
      return { kind: "retry", category: "platform", code, message: "no handle was made", httpStatus: result.status };
    }
    return outcome;
  }

  return {
    ...describeNetwork("test_confirmable", "confirmable"),
    async prepare(outgoing, context) {
      const checkpoint = context.checkpoint;
      return typeof checkpoint?.["handle"] === "string"
        ? { kind: "ready", checkpoint }
        : createHandle(outgoing, context);
    },
    async send(outgoing, context) {
      const path = `${handles(outgoing)}/${String(context.checkpoint?.["handle"])}/publish`;
      const result = await post(deps, path, "{}", context);
      // 409: published already, perhaps by the very call whose answer we miss; reading the handle tells.
      return publishOutcome(result);
    },
    async confirm(outgoing, context) {
      const handle = context.checkpoint?.["handle"];
      // Sending needs a handle, and it is stored before: without one nothing can have left.
      if (typeof handle !== "string") return { kind: "absent" };
      const answer = await read(deps, `${handles(outgoing)}/${handle}`, context);
      switch (answer?.["status"]) {
        case "published":
          return { kind: "published", externalId: String(answer["id"]), externalUrl: String(answer["url"]) };
        case "unpublished":
          return { kind: "absent" };
        default:
          return { kind: "cannot_tell", message: "the handle cannot be read" };
      }
    },
  };
}
