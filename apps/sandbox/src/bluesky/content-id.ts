/** Ids made of content: DIDs of accounts, CIDs of blobs and records. */
import { createHash } from "node:crypto";

/** A blob's is its real one (CIDv1, raw, SHA-256); a record's is of its JSON in place of its CBOR. */
export function contentId(bytes: Buffer | string, codec: "raw" | "record"): string {
  const digest = createHash("sha256").update(bytes).digest();
  return `b${base32(Buffer.concat([Buffer.from([0x01, codec === "raw" ? 0x55 : 0x71, 0x12, 0x20]), digest]))}`;
}

export function didOf(handle: string): string {
  return `did:plc:${base32(createHash("sha256").update(handle.toLowerCase()).digest()).slice(0, 24)}`;
}

/** JSON with its keys in order: two records with the same content are the same text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item)}`).join(",")}}`;
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

function base32(bytes: Buffer): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held & 0xff) << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((held >> bits) & 31);
    }
  }
  return bits === 0 ? text : text + alphabet.charAt((held << (5 - bits)) & 31);
}
