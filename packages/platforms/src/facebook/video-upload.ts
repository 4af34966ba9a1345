/**
 * A video's bytes brought to Facebook in a session of its own, which gives the video an id before a byte moves. Nothing
 * is visible until the session is finished, and that is the publishing call.
 */
import { fileBody } from "../upload-body.ts";
import type { ProvenFault } from "../graph/fault.ts";
import { idOf } from "../graph/fields.ts";
import { type Fields } from "../json-answer.ts";
import type { GraphResult } from "../graph/graph-api.ts";
import type { MediaFile } from "../media/media.ts";
import { isUploaded, type VideoUpload } from "./checkpoint.ts";
import type { PreparationDeps, Step } from "./preparation.ts";

type Sent = { kind: "sent"; video: VideoUpload } | ProvenFault;

/** @param kept of an earlier call: gone on with if it was for a file of that size */
export async function uploadVideo(
  deps: PreparationDeps,
  step: Step,
  file: MediaFile,
  kept: VideoUpload | undefined,
  save: (video: VideoUpload) => Promise<void>,
): Promise<Sent> {
  const reel = step.post.options["reel"] === true;
  const isOurs = kept !== undefined && kept.bytes === file.bytes && kept.reel === reel;
  const started: Sent = isOurs ? { kind: "sent", video: kept } : await start(deps, step, file, reel);
  if (started.kind !== "sent") return started;
  let { video } = started;
  await save(video);
  while (!isUploaded(video)) {
    const next = video.reel ? await sendWhole(deps, step, file, video) : await sendPiece(deps, step, file, video);
    if (next.kind !== "sent") return next;
    video = next.video;
    await save(video);
  }
  return { kind: "sent", video };
}

async function start(deps: PreparationDeps, step: Step, { bytes }: MediaFile, reel: boolean): Promise<Sent> {
  const parameters = { upload_phase: "start", ...(reel ? {} : { file_size: String(bytes) }) };
  const result = await post(deps, step, parameters, reel);
  if (result.kind !== "answer") return deps.faults.proven(result, step.faultContext);
  const { video_id: video, upload_session_id: session, upload_url: uploadUrl, end_offset: end } = result.body;
  const videoId = idOf(video);
  const sessionId = idOf(session);
  if (videoId === undefined) return unreadable;
  if (reel) {
    if (typeof uploadUrl !== "string") return unreadable;
    return { kind: "sent", video: { videoId, reel, uploadUrl, bytes, offset: 0, pieceEnd: bytes } };
  }
  const pieceEnd = offsetOf(end);
  if (sessionId === undefined || pieceEnd === undefined) return unreadable;
  return { kind: "sent", video: { videoId, reel, sessionId, bytes, offset: 0, pieceEnd } };
}

/** Facebook says which bytes it wants next; the same twice means that it has all. */
async function sendPiece(deps: PreparationDeps, step: Step, file: MediaFile, video: VideoUpload): Promise<Sent> {
  const piece = { path: file.path, bytes: file.bytes, start: video.offset, end: Math.min(video.pieceEnd, file.bytes) };
  const parameters = {
    upload_phase: "transfer",
    upload_session_id: video.sessionId ?? "",
    start_offset: String(video.offset),
  };
  const chunk = {
    field: "video_file_chunk",
    fileName: "video",
    type: "application/octet-stream",
    content: fileBody(piece),
  };
  const result = await post(deps, step, parameters, false, chunk);
  if (result.kind !== "answer") return deps.faults.proven(result, step.faultContext);
  const next = nextPiece(result.body, video);
  return next === undefined ? unreadable : { kind: "sent", video: { ...video, ...next } };
}

function nextPiece({ start_offset: start, end_offset: end }: Fields, { bytes, offset }: VideoUpload) {
  const [from, to] = [offsetOf(start), offsetOf(end)];
  if (from === undefined || to === undefined || from > bytes) return undefined;
  if (from === to) return { offset: bytes, pieceEnd: bytes };
  // Without progress this would never end.
  return from > offset && to > from ? { offset: from, pieceEnd: to } : undefined;
}

async function sendWhole(deps: PreparationDeps, step: Step, file: MediaFile, video: VideoUpload): Promise<Sent> {
  const { budget, context, faultContext } = step;
  const result = await deps.api.upload(
    context.account,
    {
      url: video.uploadUrl ?? "",
      headers: { offset: "0", file_size: String(file.bytes), "content-type": "application/octet-stream" },
      body: fileBody(file),
    },
    budget.forCall(budget.leftMs()),
  );
  if (result.kind !== "answer") return deps.faults.proven(result, faultContext);
  return { kind: "sent", video: { ...video, offset: video.bytes } };
}

function post(
  { api }: PreparationDeps,
  { context, budget }: Step,
  parameters: Readonly<Record<string, unknown>>,
  reel: boolean,
  file?: NonNullable<Parameters<PreparationDeps["api"]["call"]>[1]["file"]>,
): Promise<GraphResult> {
  const path = `/${String(context.account.settings["pageId"])}/${reel ? "video_reels" : "videos"}`;
  const call = { method: "POST" as const, path, parameters, ...(file === undefined ? {} : { file }) };
  return api.call(context.account, call, budget.forCall(budget.leftMs()));
}

/** Comes as text. */
function offsetOf(value: unknown): number | undefined {
  const offset = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0 ? offset : undefined;
}

const unreadable: ProvenFault = {
  kind: "retry",
  category: "platform",
  code: "no_upload_session",
  message: "Facebook's answer to an upload cannot be read",
};
