/** Media as Meta's fetcher takes it: really fetched from where the client has it, and judged by its bytes. */

const fetchTimeoutMs = 20_000;

/** @returns null if it cannot be had, or is too large; redirects are not followed */
export async function fetchMedium(url: string, bytesMax: number): Promise<Buffer | null> {
  if (!/^https?:\/\/[\x21-\x7e]+$/.test(url)) return null;
  try {
    const answer = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(fetchTimeoutMs) });
    if (!answer.ok || answer.body === null) return null;
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of answer.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += piece.length;
      if (bytes > bytesMax) return null;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } catch {
    return null;
  }
}

const signatures: readonly { type: string; offset: number; start: string }[] = [
  { type: "image/jpeg", offset: 0, start: "\xff\xd8\xff" },
  { type: "image/png", offset: 0, start: "\x89PNG\r\n\x1a\n" },
  { type: "image/gif", offset: 0, start: "GIF8" },
  { type: "image/bmp", offset: 0, start: "BM" },
  { type: "video/mp4", offset: 4, start: "ftyp" },
];

/** By the first bytes; null if it is none of what Meta takes. */
export function kindOfMedium(bytes: Buffer): string | null {
  const found = signatures.find(
    ({ offset, start }) => bytes.toString("latin1", offset, offset + start.length) === start,
  );
  return found?.type ?? null;
}
