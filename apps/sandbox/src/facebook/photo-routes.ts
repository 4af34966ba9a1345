/** Photos: uploaded or fetched by URL, for a post to come, or published as one at once. */
import type { SandboxApp } from "../app.ts";
import type { Effect } from "../exchange.ts";
import { answered, refused, uploadBytesMax } from "../graph/call.ts";
import { graphError, invalidParameter } from "../graph/errors.ts";
import { fetchMedium, kindOfMedium } from "../graph/medium.ts";
import type { Parameters } from "../graph/parameters.ts";
import { newId } from "../graph/store.ts";
import type { Content } from "../ledger/content.ts";
import { type FacebookParts, nodeParams } from "./parts.ts";
import { faultOfText, newPagePost, publish } from "./publishing.ts";
import type { Photo } from "./state.ts";

const photoBytesMax = 10_000_000;

export function photoRoutes(scope: SandboxApp, parts: FacebookParts): void {
  const { calls } = parts;
  scope.post(
    "/facebook/:version/:id/photos",
    { schema: { params: nodeParams }, bodyLimit: uploadBytesMax },
    (request, reply) => {
      const { id: pageId } = request.params;
      let photo: Photo | null = null;
      return calls.perform(
        request,
        reply,
        async (parameters) => {
          photo = await readPhoto(parts, pageId, parameters);
          const stage = parameters.isFalse("published") ? "prepare" : "publish";
          return { stage, account: pageId, content: contentOf(photo, parameters) };
        },
        (parameters) => takePhoto(parts, pageId, photo, parameters),
      );
    },
  );
}

function takePhoto(parts: FacebookParts, pageId: string, photo: Photo | null, parameters: Parameters): Effect {
  const isUnpublished = parameters.isFalse("published");
  if (photo === null) {
    const message = "Your photos couldn't be uploaded. Photos should be smaller than 4 MB and saved as JPG, PNG, GIF.";
    const answer = graphError(400, { code: 1, subcode: 1_366_046, message });
    return isUnpublished ? answered(answer) : refused(answer);
  }
  if (isUnpublished) {
    parts.state.photos.set(photo.id, photo);
    return answered({ status: 200, body: { id: photo.id } });
  }
  const content = contentOf(photo, parameters);
  const fault = faultOfText(parts, pageId, content.text);
  if (fault !== null) return fault;
  if (content.text === "" && content.media.length === 0) return refused(invalidParameter("Missing photo"));
  parts.state.photos.set(photo.id, photo);
  const post = newPagePost(parts, pageId, content, [photo]);
  return publish(parts, post, { id: photo.id, post_id: post.id });
}

/** Null if there is no picture Facebook would take. */
async function readPhoto({ uploads }: FacebookParts, pageId: string, parameters: Parameters): Promise<Photo | null> {
  const url = parameters.text("url");
  const bytes = parameters.file("source") ?? (url === undefined ? null : await fetchMedium(url, photoBytesMax));
  if (bytes === null || bytes.length > photoBytesMax || kindOfMedium(bytes)?.startsWith("image/") !== true) return null;
  const id = newId();
  const alt = parameters.text("alt_text_custom") ?? null;
  return { id, pageId, media: { url: url ?? uploads.keep(bytes), alt }, postId: null };
}

function contentOf(photo: Photo | null, parameters: Parameters): Content {
  const text = parameters.text("caption") ?? parameters.text("message") ?? "";
  return { text, link: null, media: photo === null ? [] : [photo.media], scheduledAt: null };
}
