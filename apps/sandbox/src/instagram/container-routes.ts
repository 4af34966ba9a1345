/** Making containers. The media is fetched as Meta would fetch it, before the container exists. */
import type { SandboxApp } from "../app.ts";
import type { Answer } from "../answer.ts";
import { answered } from "../graph/call.ts";
import { graphError, invalidParameter } from "../graph/errors.ts";
import { fetchMedium, kindOfMedium } from "../graph/medium.ts";
import type { Parameters } from "../graph/parameters.ts";
import { newId } from "../graph/store.ts";
import type { Content } from "../ledger/content.ts";
import { type InstagramParts, nodeParams } from "./parts.ts";
import { type Container, statusOf } from "./state.ts";

const imageBytesMax = 8_000_000;
const videoBytesMax = 300_000_000;
const captionCharactersMax = 2_200;

type Draft = Pick<Container, "mediaType" | "isCarouselItem" | "content">;

export function containerRoutes(scope: SandboxApp, parts: InstagramParts): void {
  const { calls, clock, state, timelines } = parts;
  scope.post("/instagram/:version/:id/media", { schema: { params: nodeParams } }, (request, reply) => {
    const { id: userId } = request.params;
    let draft: Draft | Answer;
    return calls.perform(
      request,
      reply,
      async (parameters) => {
        draft = await readDraft(parts, userId, parameters);
        return { stage: "prepare", account: userId };
      },
      () => {
        if ("status" in draft) return answered(draft);
        const id = newId();
        const isVideo = draft.mediaType === "VIDEO" || draft.mediaType === "REELS";
        const timeline = timelines.take(userId, isVideo);
        state.containers.set(id, { ...draft, id, userId, createdAtMs: clock.now(), timeline, mediaId: null });
        return answered({ status: 200, body: { id } });
      },
    );
  });
}

async function readDraft(parts: InstagramParts, userId: string, parameters: Parameters): Promise<Draft | Answer> {
  const text = parameters.text("caption") ?? "";
  if (Array.from(text).length > captionCharactersMax) {
    return graphError(400, { code: 36_004, subcode: 2_207_010, message: "The caption was too long." });
  }
  const mediaType = parameters.text("media_type");
  if (mediaType === "CAROUSEL") return readCarousel(parts, userId, parameters, text);
  const isCarouselItem = parameters.isTrue("is_carousel_item");
  const shown = (bytes: Buffer): Content => {
    const alt = parameters.text("alt_text") ?? null;
    return { text, link: null, media: [{ url: parts.uploads.keep(bytes), alt }], scheduledAt: null };
  };
  if (mediaType === undefined) {
    const url = parameters.text("image_url");
    if (url === undefined) return invalidParameter("The parameter image_url is required");
    const bytes = await fetchMedium(url, imageBytesMax);
    const fault = faultOf(bytes, "image/jpeg");
    return fault ?? { mediaType: "IMAGE", isCarouselItem, content: shown(bytes ?? Buffer.alloc(0)) };
  }
  if (mediaType !== "REELS" && !(mediaType === "VIDEO" && isCarouselItem)) {
    return invalidParameter("media_type must be one of CAROUSEL, REELS, VIDEO", 2_207_023);
  }
  const url = parameters.text("video_url");
  if (url === undefined) return invalidParameter("The parameter video_url is required");
  const bytes = await fetchMedium(url, videoBytesMax);
  return faultOf(bytes, "video/mp4") ?? { mediaType, isCarouselItem, content: shown(bytes ?? Buffer.alloc(0)) };
}

function readCarousel(
  { clock, state }: InstagramParts,
  userId: string,
  parameters: Parameters,
  text: string,
): Draft | Answer {
  const ids = (parameters.list("children") ?? []).map(String);
  if (ids.length < 2 || ids.length > 10) {
    return invalidParameter("A carousel has 2 to 10 items", 2_207_028);
  }
  const children = ids.flatMap((id) => state.containers.get(id) ?? []);
  if (children.length < ids.length || !children.every((child) => child.userId === userId && child.isCarouselItem)) {
    return graphError(400, { code: 24, subcode: 2_207_006, message: "The media could not be found" });
  }
  if (!children.every((child) => statusOf(child, clock.now()) === "FINISHED")) return notReady;
  const media = children.flatMap(({ content }) => content.media);
  return {
    mediaType: "CAROUSEL_ALBUM",
    isCarouselItem: false,
    content: { text, link: null, media, scheduledAt: null },
  };
}

function faultOf(bytes: Buffer | null, type: "image/jpeg" | "video/mp4"): Answer | null {
  if (bytes === null) return unreachable;
  if (kindOfMedium(bytes) === type) return null;
  const message = "The format is not supported";
  const isImage = type === "image/jpeg";
  return graphError(400, { code: isImage ? 36_001 : 352, subcode: isImage ? 2_207_005 : 2_207_026, message });
}

const unreachable = graphError(400, {
  code: 9_004,
  subcode: 2_207_052,
  message: "The media could not be fetched from this URI",
});

export const notReady = graphError(400, {
  code: 9_007,
  subcode: 2_207_027,
  message: "The media is not ready for publishing, please wait for a moment",
});
