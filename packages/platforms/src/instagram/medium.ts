/** A medium looked at before Instagram is pointed to it, so that what will not do is told in our words, not in codes. */
import type { MediaItem } from "@punctual/core";
import type { ProvenFault } from "../graph/fault.ts";
import { fetchItem, issuesOf } from "../media/media-reading.ts";
import { rejectedFor } from "../media/check-media.ts";
import type { Media } from "../media/media.ts";
import type { MediumKind } from "./container-parameters.ts";
import { instagramMedia } from "./media-rules.ts";
import type { Step } from "./preparation.ts";

export async function inspectMedium(
  media: Media,
  { budget }: Step,
  item: MediaItem,
  index: number,
): Promise<{ kind: "fits"; type: MediumKind } | ProvenFault> {
  const reading = { limits: instagramMedia, timeoutMs: budget.leftMs(), signal: budget.signal };
  const fetched = await fetchItem(media, item, index, reading);
  if (fetched.kind === "fault") return fetched.outcome;
  await using file = fetched.file;
  const unfit = rejectedFor(issuesOf(file, index, instagramMedia));
  return unfit ?? { kind: "fits", type: file.type.startsWith("video/") ? "video" : "image" };
}
