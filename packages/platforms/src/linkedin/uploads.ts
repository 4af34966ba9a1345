/**
 * Handing media over to LinkedIn ahead of the post: each is fetched, registered, sent, and waited for until it is
 * processed, because a post that shows what then fails to be processed stays invisible. What is handed over is kept, so
 * that whoever takes over does not begin anew; a half-sent upload is forgotten and costs nothing.
 */
import type { Checkpoint, OutgoingPost, PrepareContext, Prepared, Rejected } from "@punctual/core";
import { createBudget, type Budget } from "../budget.ts";
import { checkMedia, mediaBytesMax, mediaTypes, rejectedFor } from "../media/check-media.ts";
import type { MediaFacts } from "../media/inspection.ts";
import type { Media } from "../media/media.ts";
import type { VerdictContext } from "../verdict.ts";
import { refusedToPrepare } from "./answer.ts";
import type { LinkedInApi } from "./api.ts";
import { fieldsOf, parseFields } from "../json-answer.ts";
import { handOver, type HandOverContext } from "./hand-over.ts";
import { linkedinLimits } from "./limits.ts";
import { linkedinMediaLimits } from "./media-rules.ts";
import type { Upload } from "./post-body.ts";

type Unprepared = Exclude<Prepared, { kind: "ready" }>;

export interface Uploader {
  prepare(post: OutgoingPost, context: PrepareContext, answers: VerdictContext): Promise<Prepared>;
}

/** An upload, and what it is: a post's media are judged together. */
type KeptUpload = Upload & { facts: MediaFacts; processed: boolean };

const firstPauseMs = 250;

export function createUploader(api: LinkedInApi, media: Media): Uploader {
  return {
    async prepare(post, context, answers) {
      const { account } = context;
      const budget = createBudget(context);
      const kept = readKept(context.checkpoint);
      for (let index = kept.length; index < post.media.length; index += 1) {
        const uploaded = await upload(post, { index, before: kept, context: { api, account, budget, answers } });
        if (uploaded.kind !== "uploaded") return uploaded;
        kept.push(uploaded.upload);
        await context.saveCheckpoint({ uploads: kept });
      }
      for (const one of kept.filter(({ processed }) => !processed)) {
        const unprocessed = await untilProcessed(one, { api, account, budget, answers });
        if (unprocessed !== null) return unprocessed;
        one.processed = true;
        await context.saveCheckpoint({ uploads: kept });
      }
      return { kind: "ready", checkpoint: { uploads: kept } };
    },
  };

  async function upload(
    post: OutgoingPost,
    { index, before, context }: { index: number; before: readonly KeptUpload[]; context: HandOverContext },
  ): Promise<{ kind: "uploaded"; upload: KeptUpload } | Unprepared> {
    const item = post.media[index];
    if (item === undefined) throw new Error(`there is no media item ${index}`);
    const { budget } = context;
    const fetched = await media.fetch(item, {
      bytesMax: mediaBytesMax(linkedinMediaLimits),
      types: mediaTypes(linkedinMediaLimits),
      timeoutMs: budget.leftMs(),
      signal: budget.signal,
      index,
    });
    if (fetched.kind === "fault") return fetched.outcome;
    await using file = fetched.file;
    const { bytes, type, width, height, durationMs } = file;
    const facts: MediaFacts = {
      bytes,
      type,
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
      ...(durationMs === undefined ? {} : { durationMs }),
    };
    const unfit = rejectedFor(checkMedia([...before.map((one) => one.facts), facts], linkedinMediaLimits));
    if (unfit !== null) return unfit;
    const kind = type.startsWith("video/") ? "video" : "image";
    if (kind === "video" && post.link !== null) return noPicture;
    const handed = await handOver(context, { kind, path: file.path, bytes, type });
    if (handed.kind !== "handed_over") return handed;
    return { kind: "uploaded", upload: { kind, urn: handed.urn, facts, processed: false } };
  }
}

const noPicture: Rejected = {
  kind: "rejected",
  category: "rejected",
  code: "link_with_video",
  message: "a link's preview can be a picture, not a video",
};

/** What was handed over before, as a checkpoint holds it. */
export function readUploads(checkpoint: Checkpoint | null): Upload[] {
  return readKept(checkpoint).map(({ kind, urn }) => ({ kind, urn }));
}

function readKept(checkpoint: Checkpoint | null): KeptUpload[] {
  const uploads: unknown = checkpoint?.["uploads"];
  return Array.isArray(uploads) ? (uploads as KeptUpload[]).map((upload) => ({ ...upload })) : [];
}

/** Null once it is; LinkedIn does not let every token ask, and then it is believed to be. */
async function untilProcessed({ kind, urn }: Upload, context: HandOverContext): Promise<Unprepared | null> {
  const { api, account, answers } = context;
  const budget: Budget = context.budget;
  const path = `/rest/${kind}s/${encodeURIComponent(urn)}`;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, linkedinLimits.pollMs)) {
    const result = await api.call(account, { method: "GET", path }, budget.forCall(linkedinLimits.callTimeoutMs));
    if (result.kind === "answer" && result.status === 403) return null;
    if (result.kind !== "answer" || result.status !== 200) return refusedToPrepare(result, answers);
    const { status, processingFailureReason } = fieldsOf(parseFields(result.body));
    if (status === "AVAILABLE") return null;
    if (status === "PROCESSING_FAILED") {
      const reason = typeof processingFailureReason === "string" ? `: ${processingFailureReason.slice(0, 200)}` : "";
      const message = `LinkedIn could not process the ${kind}${reason}`;
      return { kind: "rejected", category: "rejected", code: "media_processing_failed", message };
    }
    if (!(await budget.pause(pauseMs))) {
      const message = `LinkedIn is still processing the ${kind}`;
      return { kind: "retry", category: "platform", code: "media_processing", message };
    }
  }
}
