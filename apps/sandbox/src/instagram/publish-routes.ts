/** Publishing a container, once, and the quota that is against it. */
import type { SandboxApp } from "../app.ts";
import type { Effect } from "../exchange.ts";
import { answered, refused } from "../graph/call.ts";
import { graphError } from "../graph/errors.ts";
import { newId } from "../graph/store.ts";
import { notReady } from "./container-routes.ts";
import { type InstagramParts, nodeParams } from "./parts.ts";
import { type Container, statusOf } from "./state.ts";

const quotaDefault = 100;
const dayMs = 86_400_000;

export function publishRoutes(scope: SandboxApp, parts: InstagramParts): void {
  const { accounts, calls, clock, state } = parts;
  const quotaOf = (userId: string) => accounts.get(userId).publishingQuota ?? quotaDefault;
  const usedBy = (userId: string) => {
    const since = clock.now() - dayMs;
    return state.media.newest().filter((medium) => medium.userId === userId && medium.publishedAtMs > since).length;
  };

  scope.post("/instagram/:version/:id/media_publish", { schema: { params: nodeParams } }, (request, reply) => {
    const { id: userId } = request.params;
    let container: Container | undefined;
    return calls.perform(
      request,
      reply,
      (parameters) => {
        container = state.containers.get(parameters.text("creation_id") ?? "");
        return { stage: "publish", account: userId, key: container?.id ?? null, content: container?.content ?? null };
      },
      () => {
        if (container?.userId !== userId || container.isCarouselItem) {
          return refused(graphError(400, { code: 24, subcode: 2_207_006, message: "The media could not be found" }));
        }
        const status = statusOf(container, clock.now());
        if (status === "PUBLISHED") return refused(graphError(400, { code: -1, message: "It was published already" }));
        if (status !== "FINISHED") return refused(notReady);
        if (usedBy(userId) >= quotaOf(userId)) {
          const message = "The user reached the maximum number of posts in a day";
          return refused(graphError(403, { code: 9, subcode: 2_207_042, message }));
        }
        return publish(parts, container);
      },
    );
  });

  scope.get(
    "/instagram/:version/:id/content_publishing_limit",
    { schema: { params: nodeParams } },
    (request, reply) => {
      const { id: userId } = request.params;
      return calls.perform(
        request,
        reply,
        () => ({ stage: "read", account: userId }),
        () => {
          const config = { quota_total: quotaOf(userId), quota_duration: dayMs / 1_000 };
          return answered({ status: 200, body: { data: [{ quota_usage: usedBy(userId), config }] } });
        },
      );
    },
  );
}

function publish({ clock, exchange, state }: InstagramParts, container: Container): Effect {
  const { userId, content, mediaType } = container;
  const id = newId();
  const url = new URL(id, exchange.newPost("instagram", userId).url).href;
  container.mediaId = id;
  state.media.set(id, {
    id,
    userId,
    mediaType: mediaType === "REELS" ? "VIDEO" : mediaType,
    content,
    publishedAtMs: clock.now(),
    url,
  });
  return {
    answer: { status: 200, body: { id } },
    entry: { outcome: "accepted", externalId: id, externalUrl: url },
  };
}
