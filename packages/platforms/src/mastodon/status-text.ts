/** A status as it is written and counted (docs.joinmastodon.org/user/posting), and as two sides may compare it. */
import type { PostContent } from "@punctual/core";
import { countGraphemes } from "../graphemes.ts";
import { mastodonLimits } from "./limits.ts";

/** The instance makes a link's card by itself, from a link in the text. */
export function writtenText({ text, link }: Pick<PostContent, "text" | "link">): string {
  if (link === null || text.includes(link)) return text;
  return text === "" ? link : `${text}\n\n${link}`;
}

/** A link counts as 23 characters, however long; of a mention only the name, without its server. */
export function countCharacters(text: string, charactersPerUrl: number = mastodonLimits.charactersPerUrl): number {
  const counted = text
    .replace(/https?:\/\/[^\s<>"]+/gi, "x".repeat(charactersPerUrl))
    .replace(/(^|[^\w/])@(\w+)@[a-z0-9.-]+[a-z0-9]/gi, "$1@$2");
  return countGraphemes(counted);
}

/** What readers see of a status's HTML, without what may differ: white space, and the servers of mentions. */
export function comparableHtml(html: string): string {
  const text = html
    .replace(/<[^<>]{0,2000}>/g, "")
    .replace(/&(amp|lt|gt|quot|apos|#39|nbsp);/g, (_whole, name: string) => entities[name] ?? "");
  return comparableText(text);
}

export function comparableText(text: string): string {
  return text
    .normalize("NFC")
    .replace(/(^|[^\w/])@(\w+)@[a-z0-9.-]+[a-z0-9]/gi, "$1@$2")
    .replace(/\s+/g, "");
}

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  "#39": "'",
  nbsp: " ",
};
