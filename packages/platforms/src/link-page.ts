/**
 * What a page says of itself (Open Graph, ogp.me; else its title), for networks that let the sender make a link's
 * card. A page that tells nothing, or cannot be had, is no reason to fail.
 */
import { download } from "./media/download.ts";
import type { HttpClient } from "./http.ts";

export interface LinkPage {
  title: string | null;
  description: string | null;
  /** Absolute. */
  imageUrl: string | null;
}

export interface LinkPageOptions {
  bytesMax: number;
  timeoutMs: number;
  signal: AbortSignal;
}

/** @returns null if the page cannot be had; what is beyond the cap is not read */
export async function readLinkPage(
  http: HttpClient,
  url: string,
  { bytesMax, timeoutMs, signal: caller }: LinkPageOptions,
): Promise<LinkPage | null> {
  const pieces: Buffer[] = [];
  const signal = AbortSignal.any([caller, AbortSignal.timeout(timeoutMs)]);
  const write = async (piece: Buffer) => void pieces.push(piece);
  const result = await download(http, { url, name: "the page", bytesMax, timeoutMs, signal, write });
  const isCut = result.kind === "fault" && result.outcome.code === "media_too_large";
  if (result.kind === "fault" && !isCut) return null;
  return describePage(Buffer.concat(pieces).toString("utf8"), url);
}

/** @param base what a relative address belongs to */
export function describePage(html: string, base: string): LinkPage {
  const said = new Map<string, string>();
  for (const tag of tagsNamed(html, "meta")) {
    const attributes = attributesOf(tag);
    const name = (attributes.get("property") ?? attributes.get("name") ?? "").toLowerCase();
    const content = attributes.get("content")?.trim();
    if (content !== undefined && content !== "" && !said.has(name)) said.set(name, content);
  }
  const first = (...names: string[]) =>
    names.map((name) => said.get(name)).find((value) => value !== undefined) ?? null;
  const image = first("og:image:secure_url", "og:image", "og:image:url", "twitter:image");
  return {
    title: first("og:title", "twitter:title") ?? titleOf(html),
    description: first("og:description", "twitter:description", "description"),
    imageUrl: image !== null && URL.canParse(image, base) ? new URL(image, base).href : null,
  };
}

/** What stands between `<name` and `>`; found by searching, since patterns can be made to take forever. */
function* tagsNamed(html: string, name: string): Iterable<string> {
  const lower = html.toLowerCase();
  for (let start = lower.indexOf(`<${name}`); start !== -1; start = lower.indexOf(`<${name}`, start + 1)) {
    const end = lower.indexOf(">", start);
    if (end === -1) return;
    yield html.slice(start + name.length + 1, Math.min(end, start + tagLengthMax));
  }
}

const tagLengthMax = 4_000;

function attributesOf(tag: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = "", double, single, bare] of tag.matchAll(
    /\s([a-z:-]{1,30})\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi,
  )) {
    attributes.set(name.toLowerCase(), decodeEntities(double ?? single ?? bare ?? ""));
  }
  return attributes;
}

function titleOf(html: string): string | null {
  const lower = html.toLowerCase();
  const start = lower.indexOf("<title");
  const open = lower.indexOf(">", start);
  const end = lower.indexOf("</title", open);
  if (start === -1 || open === -1 || end === -1) return null;
  const title = decodeEntities(html.slice(open + 1, end))
    .replace(/\s+/g, " ")
    .trim();
  return title === "" ? null : title;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi,
    (whole: string, decimal?: string, hex?: string, name?: string) => {
      const named = name === undefined ? undefined : entities[name.toLowerCase()];
      if (named !== undefined) return named;
      const point = decimal === undefined ? Number.parseInt(hex ?? "0", 16) : Number(decimal);
      return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    },
  );
}
