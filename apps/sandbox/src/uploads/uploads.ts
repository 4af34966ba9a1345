/** Pictures and films that were uploaded, kept so that the feed can show them. When there are too many the oldest go. */
import { randomBytes } from "node:crypto";

export interface Upload {
  bytes: Buffer;
  type: string;
}

export interface Uploads {
  /** @returns where it is seen; media at such an address are shown on the feed */
  keep(bytes: Buffer): string;
  get(name: string): Upload | undefined;
  clear(): void;
}

export const uploadsPath = "/_uploads/";

/** @param options.bytesMax of all together */
export function createUploads({ bytesMax }: { bytesMax: number }, { baseUrl }: { baseUrl(): string }): Uploads {
  const uploads = new Map<string, Upload>();
  let total = 0;
  return {
    keep(bytes) {
      const { type, ending } = kindOf(bytes);
      const name = `${randomBytes(12).toString("hex")}.${ending}`;
      uploads.set(name, { bytes, type });
      total += bytes.length;
      for (const [oldest, upload] of uploads) {
        if (total <= bytesMax || uploads.size === 1) break;
        uploads.delete(oldest);
        total -= upload.bytes.length;
      }
      return new URL(`${uploadsPath}${name}`, baseUrl()).href;
    },
    get: (name) => uploads.get(name),
    clear() {
      uploads.clear();
      total = 0;
    },
  };
}

/** By the first bytes; whatever is none of these is only to be downloaded. */
export function kindOf(bytes: Buffer): { type: string; ending: string } {
  const start = bytes.toString("latin1", 0, 16);
  if (start.startsWith("\xff\xd8\xff")) return { type: "image/jpeg", ending: "jpg" };
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return { type: "image/png", ending: "png" };
  if (start.startsWith("GIF8")) return { type: "image/gif", ending: "gif" };
  if (start.startsWith("RIFF") && start.slice(8, 12) === "WEBP") return { type: "image/webp", ending: "webp" };
  if (start.slice(4, 8) === "ftyp") return { type: "video/mp4", ending: "mp4" };
  return { type: "application/octet-stream", ending: "bin" };
}
