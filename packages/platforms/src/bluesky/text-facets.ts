/**
 * What in a text is a link, a mention or a tag. The network links nothing by itself: each is told by its place in the
 * UTF-8 bytes. Only links with their scheme are taken for links, so that no guess about names is needed.
 */
import { countGraphemes } from "../graphemes.ts";
import { blueskyLimits } from "./limits.ts";

export interface Facet {
  $type: "app.bsky.richtext.facet";
  /** Bytes of UTF-8; the end is not included. */
  index: { byteStart: number; byteEnd: number };
  features: [
    | { $type: "app.bsky.richtext.facet#link"; uri: string }
    | { $type: "app.bsky.richtext.facet#mention"; did: string }
    | { $type: "app.bsky.richtext.facet#tag"; tag: string },
  ];
}

type Feature = Facet["features"][0];

/** @param dids of the handles mentioned; a handle that is not among them stays plain text */
export function textFacets(text: string, dids: Readonly<Record<string, string | null>>): Facet[] {
  const facets: Facet[] = [];
  const add = (start: number, end: number, feature: Feature) => {
    const byteStart = Buffer.byteLength(text.slice(0, start));
    const index = { byteStart, byteEnd: byteStart + Buffer.byteLength(text.slice(start, end)) };
    facets.push({ $type: "app.bsky.richtext.facet", index, features: [feature] });
  };
  for (const { start, end, value } of links(text)) {
    add(start, end, { $type: "app.bsky.richtext.facet#link", uri: value });
  }
  for (const { start, end, value } of mentions(text)) {
    const did = dids[value];
    if (typeof did === "string") add(start, end, { $type: "app.bsky.richtext.facet#mention", did });
  }
  for (const { start, end, value } of tags(text)) {
    add(start, end, { $type: "app.bsky.richtext.facet#tag", tag: value });
  }
  return facets.toSorted((one, other) => one.index.byteStart - other.index.byteStart);
}

/** The handles a text mentions, in lower case, each once. */
export function mentionedHandles(text: string): string[] {
  return [...new Set(mentions(text).map(({ value }) => value))];
}

interface Found {
  start: number;
  end: number;
  value: string;
}

function links(text: string): Found[] {
  return [...text.matchAll(/(^|[\s(])(https?:\/\/\S+)/gi)].flatMap(({ index, 1: before = "", 2: found = "" }) => {
    const uri = withoutClosing(found);
    const start = index + before.length;
    return URL.canParse(uri) ? [{ start, end: start + uri.length, value: uri }] : [];
  });
}

/** Without the punctuation of the sentence it stands in. */
function withoutClosing(uri: string): string {
  let end = uri.length;
  if (/[.,;:!?]/.test(uri.charAt(end - 1))) end -= 1;
  if (uri.charAt(end - 1) === ")" && !uri.includes("(")) end -= 1;
  return uri.slice(0, end);
}

function mentions(text: string): Found[] {
  return [...text.matchAll(/(^|[\s(])@([a-z0-9-]+(?:\.[a-z0-9-]+)+)/gi)].flatMap(
    ({ index, 1: before = "", 2: handle = "" }) => {
      const start = index + before.length;
      // As handles are written (atproto.com/specs/handle): the last part begins with a letter.
      const isHandle = handle.length <= 253 && /\.[a-z][a-z0-9-]*$/i.test(handle);
      return isHandle ? [{ start, end: start + 1 + handle.length, value: handle.toLowerCase() }] : [];
    },
  );
}

// Invisible characters end a tag; one of digits and punctuation only is none.
// oxlint-disable-next-line eslint/no-misleading-character-class -- each of them ends a tag by itself
const tagPattern = /(^|\s)[#＃]((?!\ufe0f)[^\s\u00AD\u2060\u200A\u200B\u200C\u200D\u20e2]+)/gu;

function tags(text: string): Found[] {
  return [...text.matchAll(tagPattern)].flatMap(({ index, 1: before = "", 2: found = "" }) => {
    const value = found.replace(/\p{P}+$/u, "");
    const start = index + before.length;
    const isTag = /[^\d\s\p{P}]/u.test(value) && countGraphemes(value) <= blueskyLimits.tagGraphemesMax;
    return isTag ? [{ start, end: start + 1 + value.length, value }] : [];
  });
}
