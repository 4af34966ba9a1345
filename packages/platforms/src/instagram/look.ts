/**
 * Reading what became of a container whose publishing was not answered. The container tells by itself; which post it
 * became is found by what the post says, never by being the newest, which may be another.
 */
import type { CallContext, Confirmation, OutgoingPost } from "@punctual/core";
import { createBudget } from "../budget.ts";
import { comparableText, idOf, instantOf, itemsOf, webAddress } from "../graph/fields.ts";
import { type Fields } from "../json-answer.ts";
import type { GraphApi } from "../graph/graph-api.ts";
import { readPreparation, type ContainerKind } from "./checkpoint.ts";
import { readContainer } from "./container.ts";
import { instagramLimits } from "./limits.ts";

export async function look(
  api: GraphApi,
  post: OutgoingPost,
  { account, checkpoint, timeoutMs, signal }: Pick<CallContext, "account" | "checkpoint" | "timeoutMs" | "signal">,
): Promise<Confirmation> {
  const { container } = readPreparation(checkpoint);
  // Publishing needs a container, and it is kept before.
  if (container === undefined) return { kind: "absent" };
  const budget = createBudget({ timeoutMs, signal });
  const state = await readContainer({ api }, account, container.id, budget.forCall(instagramLimits.callTimeoutMs));
  switch (state.kind) {
    case "finished":
    case "failed":
    case "expired":
      return { kind: "absent" };
    case "in_progress":
      return { kind: "cannot_tell", message: "the container is still being processed" };
    case "missing":
    case "unreadable":
      return { kind: "cannot_tell", message: "the container cannot be read" };
    case "published": {
      const query = {
        fields: "id,caption,permalink,timestamp,media_type",
        limit: String(instagramLimits.listedMax),
      };
      const path = `/${String(account.settings["userId"])}/media`;
      const context = budget.forCall(instagramLimits.callTimeoutMs);
      const listed = await api.call(account, { method: "GET", path, query }, context);
      return { kind: "published", ...(listed.kind === "answer" ? namesAmong(listed.body, post, container.kind) : {}) };
    }
  }
}

const mediaTypes: Readonly<Record<ContainerKind, string>> = {
  image: "IMAGE",
  reel: "VIDEO",
  carousel: "CAROUSEL_ALBUM",
};

/** Nothing if no post, or more than one, fits. */
function namesAmong(listing: unknown, post: OutgoingPost, kind: ContainerKind) {
  const matches = itemsOf(listing).filter((item) => looksLike(item, post, mediaTypes[kind]));
  const [only] = matches;
  return only === undefined || matches.length > 1 ? {} : namesOf(only);
}

/** Id and address of a post as Instagram gives them. */
export function namesOf({ id, permalink }: Fields): { externalId?: string; externalUrl?: string } {
  const externalId = idOf(id);
  const externalUrl = webAddress(permalink, "https://www.instagram.com");
  return {
    ...(externalId === undefined ? {} : { externalId }),
    ...(externalUrl === undefined ? {} : { externalUrl }),
  };
}

function looksLike(item: Fields, { text, firstSentAt }: OutgoingPost, mediaType: string): boolean {
  const { caption, timestamp, media_type: type } = item;
  const shownAt = instantOf(timestamp);
  const earliest = (firstSentAt?.getTime() ?? Infinity) - instagramLimits.listingToleranceMs;
  return (
    type === mediaType &&
    shownAt !== undefined &&
    shownAt >= earliest &&
    comparableText(typeof caption === "string" ? caption : "") === comparableText(text)
  );
}
