/**
 * Looking for a post whose answer got lost among the account's own: by the media it refers to, else by its text in the
 * time since it was sent. That proves it present; that it does not show proves nothing.
 */
import type { CallContext, Confirmation, OutgoingPost } from "@punctual/core";
import { type Fields, fieldsOf, parseFields, parseJson, textOf } from "../json-answer.ts";
import type { CallLimits, MastodonApi } from "./api.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { mastodonLimits } from "./limits.ts";
import { readOptions } from "./options.ts";
import { idOf } from "./preparation.ts";
import { comparableHtml, comparableText, writtenText } from "./status-text.ts";
import { isSuccess } from "../verdict.ts";

export async function lookForStatus(api: MastodonApi, post: OutgoingPost, context: CallContext): Promise<Confirmation> {
  const { account, timeoutMs, signal } = context;
  const endsAt = performance.now() + timeoutMs;
  const limits = (): CallLimits => ({ timeoutMs: Math.max(1, endsAt - performance.now()), signal });
  if (post.firstSentAt === null) return { kind: "cannot_tell", message: "it is not known since when to look" };

  const own = await api.call(account, { method: "GET", path: "/api/v1/accounts/verify_credentials" }, limits());
  const ownId = isSuccess(own) ? idOf(parseFields(own.body)["id"]) : undefined;
  if (ownId === undefined) return unheard("the account", own);

  const query = `limit=${mastodonLimits.listedMax}&exclude_reblogs=true`;
  const path = `/api/v1/accounts/${encodeURIComponent(ownId)}/statuses?${query}`;
  const listed = await api.call(account, { method: "GET", path }, limits());
  const statuses = isSuccess(listed) ? parseJson(listed.body) : undefined;
  if (!Array.isArray(statuses)) return unheard("the account's posts", listed);

  const since = post.firstSentAt.getTime() - mastodonLimits.listingToleranceMs;
  const [found, ...others] = statuses
    .map(fieldsOf)
    .filter(({ created_at: createdAt }) => typeof createdAt === "string" && Date.parse(createdAt) >= since)
    .filter((status) => isOurs(status, post, context));
  if (found === undefined) return { kind: "cannot_tell", message: "the account's latest posts do not show it" };
  if (others.length > 0) return { kind: "cannot_tell", message: "several of the account's posts look like it" };
  const externalId = idOf(found["id"]);
  const externalUrl = textOf(found["url"]);
  return {
    kind: "published",
    ...(externalId === undefined ? {} : { externalId }),
    ...(externalUrl === undefined ? {} : { externalUrl }),
  };
}

function isOurs(status: Fields, post: OutgoingPost, { checkpoint }: CallContext): boolean {
  const { content, media_attachments: attachments, spoiler_text: warning } = status;
  const shown = Array.isArray(attachments) ? attachments.map((item) => String(fieldsOf(item)["id"])) : [];
  const uploaded = readCheckpoint(checkpoint).media.map(({ id }) => id);
  if (uploaded.length > 0) return uploaded.length === shown.length && uploaded.every((id) => shown.includes(id));
  if (shown.length > 0 || typeof content !== "string") return false;
  const { spoilerText = "" } = readOptions(post).options;
  const warned = typeof warning === "string" ? warning : "";
  return (
    comparableHtml(content) === comparableText(writtenText(post)) &&
    comparableText(warned) === comparableText(spoilerText)
  );
}

function unheard(what: string, result: Awaited<ReturnType<MastodonApi["call"]>>): Confirmation {
  const why = result.kind === "answer" ? `the instance answered ${result.status}` : result.message;
  return { kind: "cannot_tell", message: `${what} could not be read: ${why}` };
}
