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
  /** Only its beginning was there to be read: what is left out may be fine. */
  incomplete?: boolean;
}

/** Headers of pictures are within this; what does not show its size by then is no picture of ours. */
const headerBytesMax = 1024 * 1024;

/**
 * @param beginningOf of how many bytes the file is the beginning; left out: it is the whole
 * @returns null if the bytes are of no type that is known, or are broken
 */
export async function inspectFile(path: string, signal: AbortSignal, beginningOf?: number): Promise<MediaFacts | null> {
  const { size } = await stat(path);
  const known = { bytes: beginningOf ?? size, ...(beginningOf === undefined ? {} : { incomplete: true }) };
  const { fileTypeFromFile } = await import("file-type");
  const found = size === 0 ? undefined : await fileTypeFromFile(path).catch(() => undefined);
  if (found === undefined) return null;
  const type = found.mime;
  if (type.startsWith("image/")) {
    const picture = await pictureSize(path, size);
    // Its header is no longer than that, wherever it broke off.
    if (picture === null && size >= headerBytesMax) return null;
    return factsOf({ ...known, type }, picture);
  }
  if (!type.startsWith("video/") && !type.startsWith("audio/")) return { ...known, type };
  return factsOf({ ...known, type }, await filmFacts(path, signal, beginningOf === undefined));
}

/** What shows nothing of itself is broken, unless it goes on. */
function factsOf(file: MediaFacts, shown: Omit<MediaFacts, "bytes" | "type"> | null): MediaFacts | null {
  if (shown === null && file.incomplete !== true) return null;
  return { ...file, ...shown };
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
async function filmFacts(
  path: string,
  signal: AbortSignal,
  isWhole: boolean,
): Promise<Omit<MediaFacts, "bytes" | "type"> | null> {
  const { ALL_FORMATS, FilePathSource, Input } = await import("mediabunny");
  using input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  return await Promise.race([readFilm(input, isWhole).catch(() => null), stopped]);
}

async function readFilm(input: Input, isWhole: boolean): Promise<Omit<MediaFacts, "bytes" | "type"> | null> {
  const tracks = await input.getTracks();
  if (tracks.length === 0) return null;
  // Where the index does not say, its last packet does, if that is there.
  const seconds = (await input.getDurationFromMetadata()) ?? (isWhole ? await input.computeDuration() : null);
  const picture = await input.getPrimaryVideoTrack();
  const duration = seconds === null ? {} : { durationMs: Math.round(seconds * 1_000) };
  if (picture === null) return duration;
  return { ...duration, width: await picture.getDisplayWidth(), height: await picture.getDisplayHeight() };
}
