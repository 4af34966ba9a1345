/** What the account's own instance has against a post, asked ahead: its limits may be tighter than the usual. */
import type { ConnectedAccount, PostContent, ValidationIssue } from "@punctual/core";
import { inspectMedia } from "../media/media-reading.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import type { CallLimits, MastodonApi } from "./api.ts";
import { usualMedia } from "./description.ts";
import { readInstance } from "./instance.ts";
import { mastodonLimits } from "./limits.ts";
import { textIssueOf } from "./validation.ts";

export interface Inspection extends CallLimits {
  deps: PlatformDeps;
  api: MastodonApi;
  account: ConnectedAccount;
}

export async function inspectPost(
  post: PostContent,
  { deps, api, account, timeoutMs, signal }: Inspection,
): Promise<ValidationIssue[]> {
  const callLimits = { timeoutMs: Math.min(timeoutMs, mastodonLimits.callTimeoutMs), signal };
  const instance = await readInstance(api, account, callLimits);
  const issues: ValidationIssue[] = [];
  if (instance !== null) {
    const textIssue = textIssueOf(post, instance.textCharactersMax, instance.charactersPerUrl);
    if (textIssue !== null) issues.push(textIssue);
    if (post.media.length > instance.mediaItemsMax) {
      const message = `there are ${post.media.length} media items, the instance takes at most ${instance.mediaItemsMax}`;
      issues.push({ path: "/media", code: "too_many_media", message });
    }
  }
  const limits = instance?.media ?? usualMedia;
  return [...issues, ...(await inspectMedia(deps.media, post, { limits, timeoutMs, signal }))];
}
