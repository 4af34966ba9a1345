/**
 * A post's media, fetched by their URL so that a platform can be given the bytes. Whoever owns the URL owns nothing
 * here: the address guard looks at every hop, time and size are capped, and what a file is, is read from its bytes,
 * never from its name or from what its server says. The file is gone when whoever asked for it is done with it; those
 * of a process that died are removed when the next one starts.
 */
import type { MediaItem, Rejected, Retry } from "@punctual/core";
import type { Service } from "@punctual/runtime";
import type { HttpClient } from "../http.ts";
import { diskFault, download } from "./download.ts";
import { inspectFile, type MediaFacts } from "./inspection.ts";
import { createTemporaryFiles } from "./temporary-files.ts";

/** On this machine until it is disposed of: `await using`. */
export interface MediaFile extends MediaFacts, AsyncDisposable {
  path: string;
}

export interface FetchOptions {
  /** Of the file; a larger one is refused. */
  bytesMax: number;
  /** For a look alone: of a larger file, or of one that breaks off, the beginning will do. Left out: the whole is wanted. */
  headBytesMax?: number;
  /** Media types that are of use. */
  types: readonly string[];
  /** For everything: redirects, download, reading what it is. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Which of the post's media it is, from 0, so that a fault can name it. */
  index?: number;
}

export type Fetched =
  | { kind: "file"; file: MediaFile }
  /** Rejected: it will not do as it is. Retry: it may later. */
  | { kind: "fault"; outcome: Rejected | Retry };

export interface Media extends Service {
  fetch(item: Pick<MediaItem, "url">, options: FetchOptions): Promise<Fetched>;
}

export interface MediaDeps {
  /** Which may reach what a client's media may be fetched from. */
  http: HttpClient;
  /** For the files; created if need be. */
  directory: string;
}

export function createMedia({ http, directory }: MediaDeps): Media {
  const files = createTemporaryFiles({ directory });
  return {
    start: () => files.removeStale(),
    async stop() {},
    async fetch({ url }, options) {
      const name = options.index === undefined ? "the media" : `media ${options.index + 1}`;
      const signal = AbortSignal.any([options.signal, AbortSignal.timeout(Math.ceil(options.timeoutMs))]);
      const { bytesMax, headBytesMax, timeoutMs } = options;
      const limits = { bytesMax, timeoutMs, signal, ...(headBytesMax === undefined ? {} : { headBytesMax }) };
      await using file = await files.create().catch(() => null);
      if (file === null) return { kind: "fault", outcome: diskFault(name) };
      const write = (piece: Buffer, position: number) => file.handle.write(piece, 0, piece.length, position);
      const downloaded = await download(http, { url, name, write, ...limits });
      if (downloaded.kind === "fault") return downloaded;
      const facts = await inspectFile(file.path, signal, downloaded.beginningOf);
      if (facts === null || !options.types.includes(facts.type)) {
        const message = `${name} is ${facts?.type ?? "of no known type"}, which is not taken; possible: ${options.types.join(", ")}`;
        return refused("media_type", message);
      }
      return { kind: "file", file: { ...facts, ...file.keep() } };
    },
  };
}

function refused(code: string, message: string): Fetched {
  return { kind: "fault", outcome: { kind: "rejected", category: "rejected", code, message } };
}
