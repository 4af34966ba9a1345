/** What app.bsky.feed.post's lexicon asks of a record, and what a reader sees of one that does. */
import { type Content, fieldsOf } from "../ledger/content.ts";
import type { StoredBlob } from "./repository.ts";

type FindBlob = (cid: string) => StoredBlob | undefined;
export interface RecordFault {
  error: "InvalidRequest" | "BlobNotFound";
  message: string;
}

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
const imageBytesMax = 2_000_000;
const thumbBytesMax = 1_000_000;

/** @returns null if the record is as it should be */
export function faultOf(record: unknown, find: FindBlob): RecordFault | null {
  const fields = fieldsOf(record);
  const { text, createdAt, langs, tags } = fields;
  if (fields["$type"] !== "app.bsky.feed.post") return invalid("Record/$type must be app.bsky.feed.post");
  if (typeof text !== "string") return invalid('Record must have the property "text"');
  if (Buffer.byteLength(text) > 3_000) return invalid("Record/text must not be longer than 3000 bytes");
  if ([...segmenter.segment(text)].length > 300) return invalid("Record/text must not be longer than 300 graphemes");
  if (typeof createdAt !== "string") return invalid('Record must have the property "createdAt"');
  if (
    !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(createdAt) ||
    Number.isNaN(Date.parse(createdAt))
  ) {
    return invalid("Record/createdAt must be an valid atproto datetime (both RFC-3339 and ISO-8601)");
  }
  if (langs !== undefined && !isListOf(langs, 3)) return invalid("Record/langs must not have more than 3 elements");
  if (tags !== undefined && !isListOf(tags, 8)) return invalid("Record/tags must not have more than 8 elements");
  return facetsFault(fields["facets"], Buffer.byteLength(text)) ?? embedFault(fields["embed"], find);
}

/** @param find what is uploaded, so that the feed can show it */
export function readPost(record: unknown, find: FindBlob): Content {
  const { text, embed, labels, langs } = fieldsOf(record);
  const { images, external } = fieldsOf(embed);
  const shown = (blob: unknown) => find(cidOf(blob))?.url ?? null;
  const media = listOf(images).flatMap((item) => {
    const { image, alt } = fieldsOf(item);
    const url = shown(image);
    return url === null ? [] : [{ url, alt: typeof alt === "string" && alt !== "" ? alt : null }];
  });
  const { uri, title, description, thumb } = fieldsOf(external);
  const warned = listOf(fieldsOf(labels)["values"]).map((value) => String(fieldsOf(value)["val"]));
  return {
    text: typeof text === "string" ? text : "",
    media,
    link: typeof uri === "string" ? uri : null,
    ...(external === undefined
      ? {}
      : { card: { title: String(title), description: String(description), imageUrl: shown(thumb) } }),
    ...(warned.length === 0 ? {} : { warning: warned.join(", ") }),
    ...(listOf(langs).length === 0 ? {} : { notes: [`in ${listOf(langs).join(", ")}`] }),
    scheduledAt: null,
  };
}

function facetsFault(facets: unknown, textBytes: number): RecordFault | null {
  if (facets === undefined) return null;
  if (!Array.isArray(facets)) return invalid("Record/facets must be an array");
  for (const [place, facet] of facets.entries()) {
    const { index, features } = fieldsOf(facet);
    const { byteStart, byteEnd } = fieldsOf(index);
    const inside = isCount(byteStart) && isCount(byteEnd) && byteStart < byteEnd && byteEnd <= textBytes;
    if (!inside) return invalid(`Record/facets/${place}/index is not a range within the text`);
    for (const feature of listOf(features)) {
      const { $type, uri, did, tag } = fieldsOf(feature);
      const fits =
        ($type === "app.bsky.richtext.facet#link" && typeof uri === "string" && URL.canParse(uri)) ||
        ($type === "app.bsky.richtext.facet#mention" && typeof did === "string" && did.startsWith("did:")) ||
        ($type === "app.bsky.richtext.facet#tag" &&
          typeof tag === "string" &&
          [...segmenter.segment(tag)].length <= 64);
      if (!fits) return invalid(`Record/facets/${place}/features is none of the known`);
    }
  }
  return null;
}

function embedFault(embed: unknown, find: FindBlob): RecordFault | null {
  if (embed === undefined) return null;
  const { $type, images, external } = fieldsOf(embed);
  if ($type === "app.bsky.embed.images") {
    if (!Array.isArray(images) || images.length > 4)
      return invalid("Record/embed/images must not have more than 4 elements");
    for (const [place, item] of images.entries()) {
      const { image, alt } = fieldsOf(item);
      if (typeof alt !== "string") return invalid(`Record/embed/images/${place} must have the property "alt"`);
      const fault = blobFault(image, imageBytesMax, find);
      if (fault !== null) return fault;
    }
    return null;
  }
  if ($type === "app.bsky.embed.external") {
    const { uri, title, description, thumb } = fieldsOf(external);
    const said = [uri, title, description].every((value) => typeof value === "string");
    if (!said) return invalid("Record/embed/external must have uri, title and description");
    return thumb === undefined ? null : blobFault(thumb, thumbBytesMax, find);
  }
  return invalid(`Record/embed is of no known type`);
}

function blobFault(blob: unknown, bytesMax: number, find: FindBlob): RecordFault | null {
  const { $type, mimeType, size } = fieldsOf(blob);
  const cid = cidOf(blob);
  if ($type !== "blob" || cid === "") return invalid("Record/embed should be a blob ref");
  const stored = find(cid);
  if (stored === undefined) return { error: "BlobNotFound", message: `Could not find blob: ${cid}` };
  if (stored.bytes !== size || stored.type !== mimeType) return invalid("Referenced blob does not match its reference");
  if (!stored.type.startsWith("image/")) return invalid(`Wrong mimetype. Expected image/*, got ${stored.type}`);
  if (stored.bytes > bytesMax)
    return invalid(`This file is too large. It is ${stored.bytes} but the maximum size is ${bytesMax}.`);
  return null;
}

function cidOf(blob: unknown): string {
  const { $link } = fieldsOf(fieldsOf(blob)["ref"]);
  return typeof $link === "string" ? $link : "";
}

function invalid(message: string): RecordFault {
  return { error: "InvalidRequest", message: `Invalid app.bsky.feed.post record: ${message}` };
}

function isListOf(value: unknown, countMax: number): boolean {
  return Array.isArray(value) && value.length <= countMax && value.every((item) => typeof item === "string");
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
