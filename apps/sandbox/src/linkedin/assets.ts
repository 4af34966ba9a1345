/**
 * Uploads: registered, filled with bytes, processed, then fit for a post. A picture is processed by the time
 * somebody looks, a video when they look again.
 */
import { createHash, randomBytes } from "node:crypto";
import { kindOf, type Uploads } from "../uploads/uploads.ts";

export type AssetStatus = "WAITING_UPLOAD" | "PROCESSING" | "AVAILABLE" | "PROCESSING_FAILED";

export interface Asset {
  urn: string;
  kind: "image" | "video";
  owner: string;
  /** In the addresses bytes go to; known to nobody else. */
  uploadId: string;
  status: AssetStatus;
  /** Of a video: the token and the parts it must come in. */
  video: { token: string; parts: VideoPart[] } | null;
  /** Looks that still find it at work. */
  looksLeft: number;
  failure: string | null;
  /** Where it is seen; null until all bytes are there. */
  url: string | null;
}

export interface VideoPart {
  firstByte: number;
  lastByte: number;
  bytes: Buffer | null;
  etag: string | null;
}

export interface Assets {
  registerImage(owner: string): Asset;
  registerVideo(owner: string, bytes: number): Asset;
  get(urn: string): Asset | undefined;
  byUpload(uploadId: string): Asset | undefined;
  fillImage(asset: Asset, bytes: Buffer): void;
  /** @returns the part's ETag, or null if the bytes do not fit it */
  fillPart(asset: Asset, index: number, bytes: Buffer): string | null;
  /** @returns whether all parts are there, in this order */
  finalize(asset: Asset, etags: readonly unknown[]): boolean;
  /** Reads the status, which makes processing get on. */
  look(asset: Asset): AssetStatus;
  clear(): void;
}

/** As LinkedIn cuts videos, in bytes. */
export const partBytes = 4 * 1024 * 1024;

export function createAssets({ assetsMax }: { assetsMax: number }, { uploads }: { uploads: Uploads }): Assets {
  const byUrn = new Map<string, Asset>();
  const byUpload = new Map<string, Asset>();

  function register(kind: Asset["kind"], owner: string, video: Asset["video"]): Asset {
    const [oldest] = byUrn.values();
    if (byUrn.size >= assetsMax && oldest !== undefined) {
      byUrn.delete(oldest.urn);
      byUpload.delete(oldest.uploadId);
    }
    const asset: Asset = {
      urn: `urn:li:${kind}:${kind === "image" ? "C" : "D"}5${randomBytes(12).toString("base64url")}`,
      kind,
      owner,
      uploadId: randomBytes(16).toString("base64url"),
      status: "WAITING_UPLOAD",
      video,
      looksLeft: kind === "image" ? 0 : 1,
      failure: null,
      url: null,
    };
    byUrn.set(asset.urn, asset);
    byUpload.set(asset.uploadId, asset);
    return asset;
  }

  return {
    registerImage: (owner) => register("image", owner, null),
    registerVideo: (owner, bytes) =>
      register("video", owner, { token: randomBytes(12).toString("hex"), parts: cut(bytes) }),
    get: (urn) => byUrn.get(urn),
    byUpload: (uploadId) => byUpload.get(uploadId),
    fillImage(asset, bytes) {
      asset.url = uploads.keep(bytes);
      asset.status = "PROCESSING";
      if (!kindOf(bytes).type.startsWith("image/")) asset.failure = "the bytes are no picture";
    },
    fillPart(asset, index, bytes) {
      const part = asset.video?.parts[index];
      if (part === undefined || bytes.length !== part.lastByte - part.firstByte + 1) return null;
      part.bytes = bytes;
      part.etag = `/ambry-video/${createHash("sha256").update(bytes).digest("hex").slice(0, 24)}-${index}`;
      return part.etag;
    },
    finalize(asset, etags) {
      const { parts = [] } = asset.video ?? {};
      if (etags.length !== parts.length || !parts.every(({ etag }, index) => etag !== null && etag === etags[index])) {
        return false;
      }
      const whole = Buffer.concat(parts.flatMap(({ bytes }) => bytes ?? []));
      for (const part of parts) part.bytes = null;
      asset.status = "PROCESSING";
      asset.url = uploads.keep(whole);
      if (whole.toString("latin1", 4, 8) !== "ftyp") asset.failure = "the bytes are no MP4";
      return true;
    },
    look(asset) {
      if (asset.status !== "PROCESSING") return asset.status;
      if (asset.looksLeft > 0) asset.looksLeft -= 1;
      else asset.status = asset.failure === null ? "AVAILABLE" : "PROCESSING_FAILED";
      return asset.status;
    },
    clear() {
      byUrn.clear();
      byUpload.clear();
    },
  };
}

function cut(bytes: number): VideoPart[] {
  const parts: VideoPart[] = [];
  for (let firstByte = 0; firstByte < bytes; firstByte += partBytes) {
    parts.push({ firstByte, lastByte: Math.min(firstByte + partBytes, bytes) - 1, bytes: null, etag: null });
  }
  return parts;
}
