/** Statuses, accounts and uploads as the API shows them (docs.joinmastodon.org/entities). */
import { numberOf } from "../oauth/people.ts";
import type { Status, Upload } from "./statuses.ts";

export function accountIdOf(handle: string): string {
  return numberOf(handle, "mastodon account", 15);
}

export function accountEntity(handle: string, baseUrl: string): Record<string, unknown> {
  const url = new URL(`/feed/mastodon/${encodeURIComponent(handle)}`, baseUrl).href;
  return {
    id: accountIdOf(handle),
    username: handle,
    acct: handle,
    display_name: handle,
    url,
    uri: url,
    note: "",
    locked: false,
    bot: false,
    followers_count: 0,
    following_count: 0,
    statuses_count: 0,
    emojis: [],
    fields: [],
  };
}

export function statusEntity(status: Status, baseUrl: string): Record<string, unknown> {
  return {
    id: status.id,
    created_at: new Date(status.createdAtMs).toISOString(),
    in_reply_to_id: null,
    sensitive: status.sensitive,
    spoiler_text: status.spoilerText,
    visibility: status.visibility,
    language: status.language,
    uri: status.url,
    url: status.url,
    content: htmlOf(status.text),
    reblog: null,
    application: { name: "Punctual", website: null },
    account: accountEntity(status.handle, baseUrl),
    media_attachments: status.media.map((upload) => uploadEntity(upload)),
    mentions: [],
    tags: [],
    emojis: [],
    card: null,
    poll: null,
  };
}

/** Its address is told once it is processed. */
export function uploadEntity({ id, kind, url, description, looksLeft }: Upload): Record<string, unknown> {
  const shown = looksLeft > 0 ? null : url;
  return { id, type: kind, url: shown, preview_url: shown, remote_url: null, meta: {}, description, blurhash: null };
}

/** As the instance writes it: links shortened for the eye, mentions without their server. */
export function htmlOf(text: string): string {
  const marked = text.split(/(https?:\/\/[^\s<>"]+|(?<![\w/])@\w+(?:@[a-z0-9.-]+[a-z0-9])?|(?<![\w/])#\w+)/i);
  const html = marked.map((part, index) => (index % 2 === 0 ? escape(part) : linked(part))).join("");
  return `<p>${html.replaceAll("\n\n", "</p><p>").replaceAll("\n", "<br />")}</p>`;
}

function linked(part: string): string {
  if (part.startsWith("@")) {
    const [, name = "", host = "sandbox"] = part.split("@");
    return `<span class="h-card" translate="no"><a href="https://${escape(host)}/@${escape(name)}" class="u-url mention">@<span>${escape(name)}</span></a></span>`;
  }
  if (part.startsWith("#"))
    return `<a href="/tags/${escape(part.slice(1))}" class="mention hashtag" rel="tag">#<span>${escape(part.slice(1))}</span></a>`;
  const [, scheme = "", shown = "", rest = ""] = /^(https?:\/\/)(.{0,30})(.*)$/i.exec(part) ?? [];
  return `<a href="${escape(part)}" target="_blank" rel="nofollow noopener" translate="no"><span class="invisible">${escape(scheme)}</span><span class="${rest === "" ? "" : "ellipsis"}">${escape(shown)}</span><span class="invisible">${escape(rest)}</span></a>`;
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
