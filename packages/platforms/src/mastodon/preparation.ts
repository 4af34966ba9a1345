/** Uploading a post's media and waiting until the instance is done with them. Repeatable, and nothing is seen. */
import { setTimeout as pause } from "node:timers/promises";
import type { MediaItem, OutgoingPost, Prepared, PrepareContext, Retry } from "@punctual/core";
import { parseFields, textOf } from "../json-answer.ts";
import { checkMedia, mediaBytesMax, mediaTypes, rejectedFor } from "../media/check-media.ts";
import type { MediaFacts } from "../media/inspection.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { fileBody, formBody } from "../upload-body.ts";
import type { CallLimits, MastodonApi } from "./api.ts";
import { type MastodonCheckpoint, readCheckpoint, type UploadedMedia } from "./checkpoint.ts";
import { usualMedia } from "./description.ts";
import { readInstance } from "./instance.ts";
import { mastodonLimits } from "./limits.ts";
import { isSuccess, type Refusal, type VerdictContext } from "../verdict.ts";
import { mastodonVerdicts } from "./verdicts.ts";

export interface Preparation {
  deps: PlatformDeps;
  api: MastodonApi;
  context: PrepareContext;
  verdictContext: VerdictContext;
}

export async function prepareMedia(post: OutgoingPost, preparation: Preparation): Promise<Prepared> {
  const { api, context } = preparation;
  const endsAt = performance.now() + context.timeoutMs;
  let prepared = freshCheckpoint(context);
  const keep = async (media: readonly UploadedMedia[]) => {
    prepared = { media, uploadedAt: prepared.uploadedAt ?? new Date().toISOString() };
    await context.saveCheckpoint({ ...prepared });
  };

  if (prepared.media.length < post.media.length) {
    const instance = await readInstance(api, context.account, limitsOf(preparation, mastodonLimits.callTimeoutMs));
    const limits = instance?.media ?? usualMedia;
    for (const [index, item] of post.media.entries()) {
      if (index < prepared.media.length) continue;
      const uploaded = await upload(item, { index, earlier: prepared.media, limits }, preparation);
      if (uploaded.kind !== "uploaded") return uploaded;
      await keep([...prepared.media, uploaded.media]);
    }
  }

  for (const [index, media] of prepared.media.entries()) {
    if (media.ready) continue;
    const fault = await waitUntilReady(media.id, endsAt, preparation);
    if (fault !== null) return fault;
    await keep(prepared.media.with(index, { ...media, ready: true }));
  }
  return { kind: "ready", checkpoint: { ...prepared } };
}

/** The last checkpoint, unless the instance may have removed what it refers to. */
function freshCheckpoint({ checkpoint }: PrepareContext): MastodonCheckpoint {
  const found = readCheckpoint(checkpoint);
  const ageMs = found.uploadedAt === null ? 0 : Date.now() - Date.parse(found.uploadedAt);
  return ageMs < mastodonLimits.uploadsFreshMs ? found : { media: [], uploadedAt: null };
}

interface UploadPlace {
  index: number;
  earlier: readonly MediaFacts[];
  limits: typeof usualMedia;
}

async function upload(
  item: MediaItem,
  { index, earlier, limits }: UploadPlace,
  preparation: Preparation,
): Promise<{ kind: "uploaded"; media: UploadedMedia } | Refusal> {
  const { deps, api, context, verdictContext } = preparation;
  const fetched = await deps.media.fetch(item, {
    bytesMax: mediaBytesMax(limits),
    types: mediaTypes(limits),
    ...limitsOf(preparation, mastodonLimits.mediaFetchTimeoutMs),
    index,
  });
  if (fetched.kind === "fault") return fetched.outcome;
  await using file = fetched.file;
  const { path, [Symbol.asyncDispose]: _dispose, ...facts } = file;
  const refused = rejectedFor(checkMedia([...earlier, facts], limits));
  if (refused !== null) return refused;
  const { contentType, body } = formBody(item.alt === undefined ? {} : { description: item.alt }, {
    field: "file",
    // Some servers go by the ending.
    fileName: `media.${facts.type.split("/")[1] ?? "bin"}`,
    type: facts.type,
    content: fileBody({ path, bytes: facts.bytes }),
  });
  const call = { method: "POST", path: "/api/v2/media", form: { contentType, body } } as const;
  const result = await api.call(context.account, call, limitsOf(preparation, mastodonLimits.uploadTimeoutMs));
  if (!isSuccess(result)) return mastodonVerdicts.ofPrepare(result, verdictContext);
  const id = idOf(parseFields(result.body)["id"]);
  if (id === undefined) return unreadable;
  return { kind: "uploaded", media: { ...facts, id, ready: result.status === 200 } };
}

/** @returns why it will not be ready, or null once it is */
async function waitUntilReady(id: string, endsAt: number, preparation: Preparation): Promise<Refusal | null> {
  const { api, context, verdictContext } = preparation;
  for (let waitMs: number = mastodonLimits.pollMsMin; ; waitMs = Math.min(waitMs * 2, mastodonLimits.pollMsMax)) {
    const path = `/api/v1/media/${encodeURIComponent(id)}`;
    const limits = limitsOf(preparation, mastodonLimits.callTimeoutMs);
    const result = await api.call(context.account, { method: "GET", path }, limits);
    if (!isSuccess(result)) return mastodonVerdicts.ofPrepare(result, verdictContext);
    if (result.status !== 206) return null;
    if (performance.now() + waitMs >= endsAt || context.signal.aborted) return stillProcessing;
    await pause(waitMs, undefined, { signal: context.signal }).catch(() => {});
  }
}

const stillProcessing: Retry = {
  kind: "retry",
  category: "platform",
  code: "media_processing",
  message: "the instance is still processing what was uploaded",
};

const unreadable: Retry = {
  kind: "retry",
  category: "platform",
  code: "unreadable_answer",
  message: "the instance's answer to an upload holds no id",
};

/** An id of the instance's, fit to be stored and put into a path. */
export function idOf(value: unknown): string | undefined {
  const id = textOf(value, 100);
  return id !== undefined && /^[\w-]+$/.test(id) ? id : undefined;
}

function limitsOf({ context: { timeoutMs, signal } }: Preparation, timeoutMsMax: number): CallLimits {
  return { timeoutMs: Math.min(timeoutMs, timeoutMsMax), signal };
}
