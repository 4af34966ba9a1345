/** Posts of the feed: made, published later, listed, deleted. */
import { answered, refused } from "../graph/call.ts";
import type { SandboxApp } from "../app.ts";
import type { Effect } from "../exchange.ts";
import { graphError, invalidParameter, missing } from "../graph/errors.ts";
import type { Parameters } from "../graph/parameters.ts";
import { type Content, fieldsOf } from "../ledger/content.ts";
import { describePost } from "./description.ts";
import { type FacebookParts, nodeParams, pageOf } from "./parts.ts";
import { faultOfText, newPagePost, publish } from "./publishing.ts";
import type { Photo } from "./state.ts";

const listedDefault = 25;
const listedMax = 100;

export function feedRoutes(scope: SandboxApp, parts: FacebookParts): void {
  const { calls, state } = parts;

  scope.post("/facebook/:version/:id/feed", { schema: { params: nodeParams } }, (request, reply) => {
    const { id: pageId } = request.params;
    return calls.perform(
      request,
      reply,
      (parameters) => {
        const stage = parameters.isFalse("published") ? "prepare" : "publish";
        return { stage, account: pageId, content: contentOf(parts, pageId, parameters) };
      },
      (parameters) => makePost(parts, pageId, parameters),
    );
  });

  scope.post("/facebook/:version/:id", { schema: { params: nodeParams } }, (request, reply) => {
    const { id } = request.params;
    const post = state.posts.get(id);
    return calls.perform(
      request,
      reply,
      () => ({ stage: "publish", account: pageOf(id), key: id, content: post?.content ?? null }),
      (parameters) => {
        if (post === undefined) return refused(graphError(400, missing));
        if (!parameters.isTrue("is_published")) return refused(invalidParameter("Only publishing is done here"));
        return publish(parts, post, { success: true });
      },
    );
  });

  scope.delete("/facebook/:version/:id", { schema: { params: nodeParams } }, (request, reply) => {
    const { id } = request.params;
    return calls.perform(
      request,
      reply,
      () => ({ stage: "prepare", account: pageOf(id) }),
      () => answered(graphError(400, { code: 3, message: "(#3) The stand-in keeps what readers saw" })),
    );
  });

  scope.get("/facebook/:version/:id/published_posts", { schema: { params: nodeParams } }, (request, reply) => {
    const { id: pageId } = request.params;
    return calls.perform(
      request,
      reply,
      () => ({ stage: "list", account: pageId }),
      (parameters, { lagMs }) => {
        const limit = Math.min(Number(parameters.text("limit") ?? listedDefault), listedMax);
        const sinceMs = Number(parameters.text("since") ?? 0) * 1_000;
        const untilMs = parts.clock.now() - lagMs;
        const data = state.posts
          .newest()
          .filter((post) => post.pageId === pageId && post.isPublished)
          .filter(({ publishedAtMs }) => publishedAtMs >= sinceMs && (lagMs === 0 || publishedAtMs <= untilMs))
          .slice(0, limit)
          .map((post) => describePost(post, ["id", ...parameters.fields()]));
        return answered({ status: 200, body: { data } });
      },
    );
  });
}

function makePost(parts: FacebookParts, pageId: string, parameters: Parameters): Effect {
  const refuse = parameters.isFalse("published") ? answered : refused;
  const { message, link, photoIds } = readFeedParameters(parameters);
  if (message === "" && link === null && photoIds.length === 0) {
    return refuse(invalidParameter("Missing message or attachment"));
  }
  if (link !== null && !URL.canParse(link)) {
    return refuse(graphError(400, { code: 1_609_005, message: "The link could not be scraped" }));
  }
  const photos: Photo[] = [];
  for (const id of photoIds) {
    const photo = parts.state.photos.get(id);
    if (photo?.pageId !== pageId) return refuse(invalidParameter("Attached media is invalid"));
    if (photo.postId !== null) {
      return refuse(graphError(400, { code: 1, subcode: 1_366_051, message: "These photos were already posted." }));
    }
    photos.push(photo);
  }
  const fault = faultOfText(parts, pageId, message);
  if (fault !== null) return refuse === refused ? fault : answered(fault.answer);

  const post = newPagePost(parts, pageId, contentOf(parts, pageId, parameters), photos);
  const body = describePost(post, ["id", ...parameters.fields().filter((field) => field === "permalink_url")]);
  return refuse === refused ? publish(parts, post, body) : answered({ status: 200, body });
}

function readFeedParameters(parameters: Parameters) {
  const attached = parameters.list("attached_media") ?? [];
  return {
    message: parameters.text("message") ?? "",
    link: parameters.text("link") ?? null,
    photoIds: attached.map(photoIdOf),
  };
}

/** An object, or one written as JSON. */
function photoIdOf(item: unknown): string {
  const text = typeof item === "string" ? /"media_fbid"\s*:\s*"(\d+)"/.exec(item)?.[1] : fieldsOf(item)["media_fbid"];
  return typeof text === "string" ? text : "";
}

function contentOf({ state }: FacebookParts, pageId: string, parameters: Parameters): Content {
  const { message, link, photoIds } = readFeedParameters(parameters);
  const photos = photoIds.flatMap((id) => state.photos.get(id) ?? []).filter((photo) => photo.pageId === pageId);
  return { text: message, link, media: photos.map(({ media }) => media), scheduledAt: null };
}
