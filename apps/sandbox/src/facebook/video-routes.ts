/**
 * Videos and reels: a session is started and gives the video's id, bytes come in pieces or at once, and finishing
 * publishes. Finishing again changes nothing.
 */
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { SandboxApp } from "../app.ts";
import type { Effect } from "../exchange.ts";
import { answered, type CallDetails, refused, uploadBytesMax } from "../graph/call.ts";
import { graphError, invalidParameter, missing } from "../graph/errors.ts";
import { fetchMedium, kindOfMedium } from "../graph/medium.ts";
import type { Parameters } from "../graph/parameters.ts";
import { newId } from "../graph/store.ts";
import type { Content } from "../ledger/content.ts";
import { isExpired } from "./description.ts";
import { type FacebookParts, nodeParams } from "./parts.ts";
import type { Video } from "./state.ts";

/** As a session asks for a video, in bytes. */
const pieceBytes = 1024 * 1024;
const videoBytesMax = 256 * 1024 * 1024;

const uploadParams = Type.Object({ version: nodeParams.properties.version, video: nodeParams.properties.id });

export function videoRoutes(scope: SandboxApp, parts: FacebookParts): void {
  const { calls, state } = parts;

  for (const edge of ["videos", "video_reels"] as const) {
    const options = { schema: { params: nodeParams }, bodyLimit: uploadBytesMax };
    scope.post(`/facebook/:version/:id/${edge}`, options, (request, reply) => {
      const { id: pageId, version } = request.params;
      return calls.perform(
        request,
        reply,
        (parameters) => detailsOf(parts, pageId, parameters),
        (parameters) => {
          const video = videoOf(parts, parameters);
          switch (parameters.text("upload_phase")) {
            case "start":
              return start(parts, pageId, parameters, edge === "video_reels" ? uploadHost(request, version) : null);
            case "transfer":
              return transfer(video, parameters);
            case "finish":
              return finish(parts, video, pageId, parameters);
            case undefined:
            default:
              return refused(invalidParameter("upload_phase must be one of start, transfer, finish"));
          }
        },
      );
    });
  }

  scope.post(
    "/facebook/rupload/video-upload/:version/:video",
    { schema: { params: uploadParams }, bodyLimit: videoBytesMax },
    (request, reply) => {
      const video = state.videos.get(request.params.video);
      let bytes: Buffer | null = null;
      return calls.perform(
        request,
        reply,
        async () => {
          const { file_url: fileUrl } = request.headers;
          bytes = typeof fileUrl === "string" ? await fetchMedium(fileUrl, videoBytesMax) : request.rawBody;
          return { stage: "prepare", account: video?.pageId ?? "unknown" };
        },
        () => {
          if (video === undefined) return answered(graphError(400, missing));
          if (bytes === null)
            return answered(graphError(400, { code: 6000, message: "There was a problem with the file" }));
          const offset = Number(request.headers["offset"] ?? 0);
          if (offset !== video.received) return answered(invalidParameter("The offset does not fit"));
          video.bytes = Number(request.headers["file_size"] ?? bytes.length);
          video.pieces.push(bytes);
          video.received += bytes.length;
          return answered({ status: 200, body: { success: true } });
        },
      );
    },
  );
}

function detailsOf(parts: FacebookParts, pageId: string, parameters: Parameters): CallDetails {
  if (parameters.text("upload_phase") !== "finish") return { stage: "prepare", account: pageId };
  const video = videoOf(parts, parameters);
  return { stage: "publish", account: pageId, key: video?.id ?? null, content: contentOf(parts, video, parameters) };
}

function videoOf({ state }: FacebookParts, parameters: Parameters): Video | undefined {
  const id = parameters.text("video_id");
  if (id !== undefined) return state.videos.get(id);
  const session = parameters.text("upload_session_id");
  return session === undefined ? undefined : state.videos.newest().find(({ sessionId }) => sessionId === session);
}

/** @param uploadUrl of the host that takes a reel's bytes; null: they come back to the session */
function start(
  { clock, exchange, state }: FacebookParts,
  pageId: string,
  parameters: Parameters,
  uploadUrl: string | null,
): Effect {
  const bytes = uploadUrl === null ? Number(parameters.text("file_size") ?? Number.NaN) : 0;
  if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > videoBytesMax) {
    return answered(invalidParameter("file_size is missing or too large"));
  }
  const [id, sessionId] = [newId(), newId()];
  const url = new URL(id, exchange.newPost("facebook", pageId).url).href;
  const video = {
    id,
    pageId,
    isReel: uploadUrl !== null,
    sessionId,
    bytes,
    pieces: [],
    received: 0,
    shownAt: null,
    url,
  };
  state.videos.set(id, { ...video, startedAtMs: clock.now(), publishedAtMs: null, looksLeft: 1 });
  if (uploadUrl !== null) return answered({ status: 200, body: { video_id: id, upload_url: `${uploadUrl}/${id}` } });
  return answered({ status: 200, body: { upload_session_id: sessionId, video_id: id, ...nextPiece(0, bytes) } });
}

function transfer(video: Video | undefined, parameters: Parameters): Effect {
  const piece = parameters.file("video_file_chunk");
  if (video === undefined) return answered(graphError(400, missing));
  if (piece === undefined || Number(parameters.text("start_offset")) !== video.received) {
    return answered(graphError(400, { code: 6001, subcode: 1_363_037, message: "The start offset does not fit" }));
  }
  video.pieces.push(piece);
  video.received += piece.length;
  return answered({ status: 200, body: nextPiece(video.received, video.bytes) });
}

function finish(parts: FacebookParts, video: Video | undefined, pageId: string, parameters: Parameters): Effect {
  if (video?.pageId !== pageId) return refused(graphError(400, missing));
  if (video.isReel && parameters.text("video_state") !== "PUBLISHED") {
    return refused(invalidParameter("video_state must be PUBLISHED here"));
  }
  if (isExpired(video, parts.clock.now()))
    return refused(graphError(400, { code: 6000, message: "The upload expired" }));
  if (video.received === 0 || video.received < video.bytes) {
    return refused(graphError(400, { code: 6000, subcode: 1_363_130, message: "The video was not uploaded wholly" }));
  }
  const names = { externalId: video.id, externalUrl: video.url };
  const answer = { status: 200, body: { success: true } };
  if (video.publishedAtMs !== null) return { answer, entry: { outcome: "repeat", ...names } };
  if (kindOfMedium(Buffer.concat(video.pieces))?.startsWith("video/") !== true) {
    return refused(graphError(400, { code: 6000, message: "There was a problem with the file" }));
  }
  video.publishedAtMs = parts.clock.now();
  video.pieces = [];
  return { answer, entry: { outcome: "accepted", ...names } };
}

function contentOf({ uploads }: FacebookParts, video: Video | undefined, parameters: Parameters): Content {
  if (video !== undefined && video.pieces.length > 0) video.shownAt ??= uploads.keep(Buffer.concat(video.pieces));
  const url = video?.shownAt ?? null;
  const text = parameters.text("description") ?? "";
  return { text, link: null, media: url === null ? [] : [{ url, alt: null }], scheduledAt: null };
}

/** The bytes to bring next; both the same: none. */
function nextPiece(received: number, bytes: number) {
  return { start_offset: String(received), end_offset: String(Math.min(received + pieceBytes, bytes)) };
}

function uploadHost(request: FastifyRequest, version: string): string {
  return `${request.protocol}://${request.host}/facebook/rupload/video-upload/${version}`;
}
