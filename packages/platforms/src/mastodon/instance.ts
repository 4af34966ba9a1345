/** What an instance takes, as it says itself (`/api/v2/instance`, before 4.0 `/api/v1/instance`). */
import type { ConnectedAccount, MediaLimits, MediaRule } from "@punctual/core";
import { type Fields, fieldsOf, parseFields } from "../json-answer.ts";
import type { CallLimits, MastodonApi } from "./api.ts";
import { mastodonDescription, usualMedia } from "./description.ts";
import { mastodonLimits } from "./limits.ts";
import { isSuccess } from "../verdict.ts";

export interface InstanceLimits {
  textCharactersMax: number;
  charactersPerUrl: number;
  mediaItemsMax: number;
  media: MediaLimits;
}

const usual: InstanceLimits = {
  textCharactersMax: mastodonLimits.textCharactersMax,
  charactersPerUrl: mastodonLimits.charactersPerUrl,
  mediaItemsMax: mastodonDescription.limits.mediaItemsMax,
  media: usualMedia,
};

/** @returns null if the instance does not say; then it will say so when it is given something it does not take */
export async function readInstance(
  api: MastodonApi,
  account: ConnectedAccount,
  limits: CallLimits,
): Promise<InstanceLimits | null> {
  for (const path of ["/api/v2/instance", "/api/v1/instance"]) {
    const result = await api.call(account, { method: "GET", path }, limits);
    if (result.kind !== "answer" || (result.status !== 404 && !isSuccess(result))) return null;
    if (result.status !== 404) return readLimits(parseFields(result.body));
  }
  return null;
}

/** The usual limits, where the instance says nothing of one. */
export function readLimits(instance: Fields): InstanceLimits {
  const configuration = fieldsOf(instance["configuration"]);
  const statuses = fieldsOf(configuration["statuses"]);
  const attachments = fieldsOf(configuration["media_attachments"]);
  const types = attachments["supported_mime_types"];
  const known = Array.isArray(types) ? new Set<unknown>(types) : null;
  const descriptionMax = countOf(attachments["description_limit"]);
  const rules = usualMedia.rules.flatMap((rule): MediaRule[] => {
    const taken = known === null ? rule.types : rule.types.filter((type) => known.has(type));
    const bytesMax = countOf(attachments[`${rule.kind}_size_limit`]) ?? rule.bytesMax;
    const pixelsMax = countOf(attachments[`${rule.kind}_matrix_limit`]) ?? rule.pixelsMax;
    return taken.length === 0
      ? []
      : [{ ...rule, types: taken, bytesMax, ...(pixelsMax === undefined ? {} : { pixelsMax }) }];
  });
  return {
    textCharactersMax:
      countOf(statuses["max_characters"]) ?? countOf(instance["max_toot_chars"]) ?? usual.textCharactersMax,
    charactersPerUrl: countOf(statuses["characters_reserved_per_url"]) ?? usual.charactersPerUrl,
    mediaItemsMax: countOf(statuses["max_media_attachments"]) ?? usual.mediaItemsMax,
    media: { ...usualMedia, rules, ...(descriptionMax === undefined ? {} : { altCharactersMax: descriptionMax }) },
  };
}

function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined;
}
