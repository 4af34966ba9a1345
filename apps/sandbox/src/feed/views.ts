/** The pages' content. A text is shown as its reader would see it; links lead out only where they are web addresses. */
import { type Markup, markup } from "@punctual/runtime";
import type { Content } from "../ledger/content.ts";
import type { LedgerEntry } from "../ledger/ledger.ts";
import { uploadsPath } from "../uploads/uploads.ts";
import type { AccountSummary, FeedPage, FeedPost } from "./feed.ts";

export interface AccountName {
  platform: string;
  platformName: string;
  account: string;
  /** What the sandbox was told to call it. */
  name: string | undefined;
}

export function accountsView(accounts: readonly (AccountSummary & AccountName)[]): Markup {
  const items = accounts.map(
    (item) => markup`<li class="card"><a href="${feedPath(item)}">${item.name ?? item.account}</a>
<p>${item.platformName} · ${counted(item.posts, "post")} · ${counted(item.repeats, "repeat")} absorbed · ${item.refused} refused</p>
<p>Last seen ${instant(item.latestAt)}</p></li>`,
  );
  const none = "Nothing has arrived yet. Schedule a post on a sandbox account, and it shows up here at its instant.";
  return markup`<h1>Accounts</h1>
${
  items.length === 0
    ? empty(none)
    : markup`<p class="lead">${counted(items.length, "account")}, the most recently active first.</p>
<ul class="accounts">${items}</ul>`
}`;
}

export function feedView(name: AccountName, summary: AccountSummary | undefined, { posts, older }: FeedPage): Markup {
  const { posts: count = 0, repeats = 0, refused = 0 } = summary ?? {};
  return markup`<h1>${name.name ?? name.account}</h1>
<p class="lead">${name.platformName} account <code>${name.account}</code><br>
${counted(count, "post")}, ${counted(repeats, "repeat")} absorbed, ${refused} refused</p>
${posts.length === 0 ? empty("No posts here yet.") : posts.map((post) => card(name, post))}
${older === null ? null : markup`<p><a href="${feedPath(name)}?before=${older}">Older posts</a></p>`}`;
}

export function postView(name: AccountName, post: FeedPost, deliveries: readonly LedgerEntry[]): Markup {
  return markup`<h1>Post on <a href="${feedPath(name)}">${name.name ?? name.account}</a></h1>
<p class="lead">Sent as <code>${post.entry.postId ?? "unknown"}</code></p>
${card(name, post)}
<h2 id="deliveries">How it got here</h2>
<div class="card scroll" tabindex="0" role="region" aria-labelledby="deliveries"><table>
<thead><tr><th scope="col">Arrived</th><th scope="col">Became</th><th scope="col">Answered</th><th scope="col">Why</th></tr></thead>
<tbody>${deliveries.map(delivery)}</tbody>
</table></div>`;
}

export function missingView(message: string): Markup {
  return markup`<h1>Not here</h1>${empty(message)}<p><a href="/">All accounts</a></p>`;
}

function card(name: AccountName, { entry, repeats }: FeedPost): Markup {
  const { content, externalId, receivedAt } = entry;
  const heading = `post-${externalId ?? entry.sequence}`;
  return markup`<article class="card" aria-labelledby="${heading}">
<p class="by" id="${heading}"><strong>${name.name ?? name.account}</strong> ${instant(receivedAt)}</p>
${content.warning === undefined ? body(content) : markup`<details><summary dir="auto">${content.warning}</summary>${body(content)}</details>`}
<ul class="facts">
<li>id <a href="${feedPath(name)}/${encodeURIComponent(externalId ?? "")}"><code>${externalId ?? ""}</code></a></li>
${content.scheduledAt === null ? null : markup`<li>${lateness(content.scheduledAt, receivedAt)}</li>`}
${(content.notes ?? []).map((note) => markup`<li>${note}</li>`)}
${repeats === 0 ? null : markup`<li><span class="mark">${counted(repeats, "repeat")} absorbed</span></li>`}
</ul></article>`;
}

function body(content: Content): Markup {
  return markup`${content.text === "" ? null : markup`<p class="text" dir="auto">${content.text}</p>`}
${attachments(content)}`;
}

function attachments({ link, card, media }: Content): Markup | null {
  if (link === null && media.length === 0) return null;
  return markup`<ul class="attached">
${link === null ? null : markup`<li>${card === undefined ? null : linkCard(card)}${webLink(link)}<small>Link</small></li>`}
${media.map((item) => markup`<li>${shown(item)}</li>`)}
</ul>`;
}

function linkCard({ title, description, imageUrl }: NonNullable<Content["card"]>): Markup {
  return markup`${imageUrl === null ? null : (uploaded(imageUrl, "") ?? null)}
<strong dir="auto">${title}</strong> <span dir="auto">${description}</span><br>`;
}

/** What was uploaded is shown, with its description as those hear it who do not see; what is elsewhere is linked to. */
function shown({ url, alt }: Content["media"][number]): Markup {
  return markup`${uploaded(url, alt ?? "") ?? webLink(url)}<small>Media: ${alt ?? "no description"}</small>`;
}

function uploaded(url: string, alt: string): Markup | null {
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  if (!path.startsWith(uploadsPath)) return null;
  if (/\.(png|jpg|gif|webp)$/.test(path)) return markup`<img src="${path}" alt="${alt}" loading="lazy">`;
  if (path.endsWith(".mp4"))
    return markup`<video src="${path}" aria-label="${alt}" controls preload="metadata"></video>`;
  return null;
}

function webLink(url: string): Markup {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return markup`<code>${url}</code>`;
  return markup`<a href="${url}" rel="noopener noreferrer nofollow ugc" target="_blank">${url}</a>`;
}

function delivery({ receivedAt, outcome, status, fault, reason, bodyChanged }: LedgerEntry): Markup {
  const why = [
    reason === "fault" ? null : reason,
    fault === null ? null : `told to: ${fault}`,
    bodyChanged ? "body changed" : null,
  ];
  return markup`<tr><td>${instant(receivedAt)}</td>
<td><span class="${outcome === "refused" ? "mark bad" : "mark"}">${outcome}</span></td>
<td>${status ?? "nothing"}</td><td>${why.filter((part) => part !== null).join(", ")}</td></tr>`;
}

function feedPath({ platform, account }: { platform: string; account: string }): string {
  return `/feed/${encodeURIComponent(platform)}/${encodeURIComponent(account)}`;
}

function empty(message: string): Markup {
  return markup`<p class="card empty">${message}</p>`;
}

function instant(at: string): Markup {
  return markup`<time datetime="${at}">${at.slice(0, 10)} ${at.slice(11, 23)} UTC</time>`;
}

function lateness(scheduledAt: string, receivedAt: string): string {
  const ms = Date.parse(receivedAt) - Date.parse(scheduledAt);
  return `${duration(Math.abs(ms))} ${ms < 0 ? "before" : "after"} its time`;
}

function duration(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
