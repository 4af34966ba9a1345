/**
 * What a media file is, read from its bytes: its type, its size as it is shown, how long it plays. The libraries that
 * know formats are large, and most processes never see a file: each is loaded when the first one asks for it, which
 * is while a post is prepared, ahead of its instant.
 */
import { open, stat } from "node:fs/promises";
import type { Input } from "mediabunny";

export interface MediaFacts {
  bytes: number;
  type: string;
  /** Pixels, the way up it is shown. */
  width?: number;
  height?: number;
  durationMs?: number;
}

/** Headers of pictures are within this; what does not show its size by then is no picture of ours. */
const headerBytesMax = 1024 * 1024;

/** @returns null if the bytes are of no type that is known, or are broken */
export async function inspectFile(path: string, signal: AbortSignal): Promise<MediaFacts | null> {
  const { size: bytes } = await stat(path);
  const { fileTypeFromFile } = await import("file-type");
  const found = bytes === 0 ? undefined : await fileTypeFromFile(path).catch(() => undefined);
  if (found === undefined) return null;
  const type = found.mime;
  if (type.startsWith("image/")) {
    const size = await pictureSize(path, bytes);
    return size === null ? null : { bytes, type, ...size };
  }
  if (!type.startsWith("video/") && !type.startsWith("audio/")) return { bytes, type };
  const film = await filmFacts(path, signal);
  return film === null ? null : { bytes, type, ...film };
}

async function pictureSize(path: string, bytes: number): Promise<{ width: number; height: number } | null> {
  const header = Buffer.alloc(Math.min(bytes, headerBytesMax));
  const file = await open(path);
  try {
    await file.read(header, 0, header.length, 0);
  } finally {
    await file.close();
  }
  const { imageSize } = await import("image-size");
  try {
    const { width, height, orientation = 1 } = imageSize(header);
    // From 5 on the camera was held on its side (EXIF).
    return orientation >= 5 ? { width: height, height: width } : { width, height };
  } catch {
    return null;
  }
}

/** A film's index is read, its pictures are not. */
async function filmFacts(path: string, signal: AbortSignal): Promise<Omit<MediaFacts, "bytes" | "type"> | null> {
  const { ALL_FORMATS, FilePathSource, Input } = await import("mediabunny");
  using input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  return await Promise.race([readFilm(input).catch(() => null), stopped]);
}

async function readFilm(input: Input): Promise<Omit<MediaFacts, "bytes" | "type"> | null> {
  const tracks = await input.getTracks();
  if (tracks.length === 0) return null;
  const seconds = (await input.getDurationFromMetadata()) ?? (await input.computeDuration());
  const picture = await input.getPrimaryVideoTrack();
  const durationMs = Math.round(seconds * 1_000);
  if (picture === null) return { durationMs };
  return { durationMs, width: await picture.getDisplayWidth(), height: await picture.getDisplayHeight() };
}
