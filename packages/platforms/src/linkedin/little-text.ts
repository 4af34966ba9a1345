/**
 * LinkedIn's "little text": what a post's text is written in. Characters it reserves must be escaped, or LinkedIn cuts the
 * text there without a word. Hashtags stay hashtags, and a mention is written as LinkedIn does it:
 * `@[Name](urn:li:organization:123)`.
 */

const reserved = /[|{}@[\]()<>#\\*_~]/g;
const mention = /@\[([^[\]()\n]+)\]\((urn:li:(?:organization|person):[\w-]+)\)/;
/** Letters, digits and their marks, with a letter among them; not in the middle of a word. */
const hashtag = /(?<![\p{L}\p{N}\p{M}_&/#])#(?=[\p{N}\p{M}]*\p{L})[\p{L}\p{N}\p{M}]+(?![\p{L}\p{N}\p{M}_#])/u;
const elements = new RegExp(`${mention.source}|${hashtag.source}`, "gu");

/** The text as `commentary`. */
export function littleText(text: string): string {
  let written = "";
  let end = 0;
  for (const found of text.matchAll(elements)) {
    const [whole, name, urn] = found;
    written += escape(text.slice(end, found.index));
    written += name === undefined ? whole : `@[${escape(name)}](${urn})`;
    end = found.index + whole.length;
  }
  return written + escape(text.slice(end));
}

/** A text as its readers see it: mentions are their names. */
export function readableText(text: string): string {
  return text.replace(new RegExp(mention, "gu"), "$1");
}

/** What readers see of a `commentary` that LinkedIn gave back, however it chose to write it. */
export function readLittleText(commentary: string): string {
  return commentary
    .replace(/\{hashtag\|\\?[#＃]\|((?:\\.|[^}\\])*)\}/gu, "#$1")
    .replace(/@\[((?:\\.|[^\]\\])*)\]\(urn:li:\w+:[\w-]+\)/gu, "$1")
    .replace(/\\([|{}@[\]()<>#\\*_~])/gu, "$1");
}

function escape(text: string): string {
  return text.replace(reserved, "\\$&");
}
