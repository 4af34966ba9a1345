/** Everything before the record is written: handles resolved, images uploaded, the link's card made. Repeatable. */
import type { MediaItem, OutgoingPost, Prepared, PrepareContext } from "@punctual/core";
import type { HttpResult } from "../http.ts";
import { fieldsOf, parseFields, textOf } from "../json-answer.ts";
import { readLinkPage } from "../link-page.ts";
import { checkMedia, mediaBytesMax, mediaTypes, rejectedFor } from "../media/check-media.ts";
import type { MediaFacts } from "../media/inspection.ts";
import type { MediaFile } from "../media/media.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { fileBody } from "../upload-body.ts";
import { type BlobReference, type BlueskyCheckpoint, emptyCheckpoint, readCheckpoint } from "./checkpoint.ts";
import { blueskyDescription } from "./description.ts";
import { blueskyLimits } from "./limits.ts";
import { readOptions } from "./options.ts";
import { hasCard } from "./record.ts";
import type { Session } from "./session.ts";
import { mentionedHandles } from "./text-facets.ts";
import { isSuccess, type Refusal, type VerdictContext } from "../verdict.ts";
import { blueskyVerdicts } from "./verdicts.ts";
import type { Xrpc, XrpcCall } from "./xrpc.ts";

export interface Preparation {
  deps: PlatformDeps;
  xrpc: Xrpc;
  session: Session;
  context: PrepareContext;
  verdictContext: VerdictContext;
}

const mediaLimits = blueskyDescription.limits.media!;

export async function preparePost(post: OutgoingPost, preparation: Preparation): Promise<Prepared> {
  let prepared = freshCheckpoint(preparation.context);
  const keep = async (more: Partial<BlueskyCheckpoint>) => {
    prepared = { ...prepared, ...more };
    await preparation.context.saveCheckpoint({ ...prepared });
  };

  for (const handle of mentionedHandles(post.text)) {
    if (handle in prepared.mentions) continue;
    const did = await resolveHandle(handle, preparation);
    if (typeof did === "object" && did !== null) return did;
    await keep({ mentions: { ...prepared.mentions, [handle]: did } });
  }

  for (const [index, item] of post.media.entries()) {
    if (index < prepared.images.length) continue;
    const uploaded = await uploadImage(item, index, prepared.images, preparation);
    if (uploaded.kind !== "uploaded") return uploaded;
    const { blob, facts } = uploaded;
    const uploadedAt = prepared.uploadedAt ?? new Date().toISOString();
    await keep({ images: [...prepared.images, { ...facts, blob }], uploadedAt });
  }

  if (hasCard(post) && prepared.card === null) await keep({ card: await makeCard(post, preparation) });
  return { kind: "ready", checkpoint: { ...prepared } };
}

/** The last checkpoint, without uploads that the server may have collected by now. */
function freshCheckpoint({ checkpoint }: PrepareContext): BlueskyCheckpoint {
  const found = readCheckpoint(checkpoint);
  if (found.uploadedAt === null) return found;
  const ageMs = Date.now() - Date.parse(found.uploadedAt);
  return ageMs < blueskyLimits.uploadsFreshMs ? found : { ...emptyCheckpoint, mentions: found.mentions };
}

/** @returns the DID, null if there is no such handle, or why it cannot be told now */
async function resolveHandle(handle: string, preparation: Preparation): Promise<string | null | Refusal> {
  const query = "com.atproto.identity.resolveHandle";
  const result = await call({ query, parameters: { handle } }, blueskyLimits.callTimeoutMs, preparation);
  if (isSuccess(result)) return textOf(parseFields(result.body)["did"]) ?? null;
  const verdict = blueskyVerdicts.ofPrepare(result, preparation.verdictContext);
  return verdict.kind === "rejected" ? null : verdict;
}

type Uploaded = { kind: "uploaded"; blob: BlobReference; facts: MediaFacts } | Refusal;

async function uploadImage(
  item: MediaItem,
  index: number,
  earlier: readonly MediaFacts[],
  preparation: Preparation,
): Promise<Uploaded> {
  const { deps, context } = preparation;
  const fetched = await deps.media.fetch(item, {
    bytesMax: mediaBytesMax(mediaLimits),
    types: mediaTypes(mediaLimits),
    timeoutMs: Math.min(blueskyLimits.mediaFetchTimeoutMs, context.timeoutMs),
    signal: context.signal,
    index,
  });
  if (fetched.kind === "fault") return fetched.outcome;
  await using file = fetched.file;
  const { bytes, type, width, height } = file;
  const facts: MediaFacts = { bytes, type, ...(width === undefined || height === undefined ? {} : { width, height }) };
  const refused = rejectedFor(checkMedia([...earlier, facts], mediaLimits));
  if (refused !== null) return refused;
  const uploaded = await uploadBlob(file, preparation);
  return "blob" in uploaded ? { kind: "uploaded", facts, ...uploaded } : uploaded;
}

async function uploadBlob(
  { path, bytes, type }: MediaFile,
  preparation: Preparation,
): Promise<{ blob: BlobReference } | Refusal> {
  const upload = { type, body: fileBody({ path, bytes }) };
  const request = { procedure: "com.atproto.repo.uploadBlob", upload };
  const result = await call(request, blueskyLimits.uploadTimeoutMs, preparation);
  if (!isSuccess(result)) return blueskyVerdicts.ofPrepare(result, preparation.verdictContext);
  const blob = fieldsOf(parseFields(result.body)["blob"]);
  if (textOf(fieldsOf(blob["ref"])["$link"]) !== undefined) return { blob };
  const message = "the server's answer to an upload holds no reference";
  return { kind: "retry", category: "platform", code: "unreadable_answer", message };
}

/** A card is made of what the post says, else of what the page says, else of the address. */
async function makeCard(post: OutgoingPost, preparation: Preparation): Promise<BlueskyCheckpoint["card"]> {
  const { deps, context } = preparation;
  const { link } = post;
  if (link === null) return null;
  const { linkTitle, linkDescription } = readOptions(post).options;
  const page = await readLinkPage(deps.http, link, {
    bytesMax: blueskyLimits.cardPageBytesMax,
    timeoutMs: Math.min(blueskyLimits.cardTimeoutMs, context.timeoutMs),
    signal: context.signal,
  });
  const title = linkTitle ?? page?.title ?? new URL(link).host;
  const description = linkDescription ?? page?.description ?? "";
  return {
    title: title.slice(0, blueskyLimits.cardTitleCharactersMax),
    description: description.slice(0, blueskyLimits.cardDescriptionCharactersMax),
    thumb: page === null || page.imageUrl === null ? null : await uploadThumb(page.imageUrl, preparation),
  };
}

/** A card without a picture is a card. */
async function uploadThumb(url: string, preparation: Preparation): Promise<BlobReference | null> {
  const { deps, context } = preparation;
  const fetched = await deps.media.fetch(
    { url },
    {
      bytesMax: blueskyLimits.thumbBytesMax,
      types: mediaTypes(mediaLimits),
      timeoutMs: Math.min(blueskyLimits.cardTimeoutMs, context.timeoutMs),
      signal: context.signal,
    },
  );
  if (fetched.kind === "fault") return null;
  await using file = fetched.file;
  const uploaded = await uploadBlob(file, preparation);
  return "blob" in uploaded ? uploaded.blob : null;
}

function call(request: XrpcCall, timeoutMs: number, { xrpc, session, context }: Preparation): Promise<HttpResult> {
  return xrpc.call(
    context.account,
    { ...request, token: session.token },
    { timeoutMs: Math.min(timeoutMs, context.timeoutMs), signal: context.signal },
  );
}
