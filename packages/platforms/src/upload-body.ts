/**
 * Request bodies that are not held in memory: a file or a part of one, and the form that carries a file among fields.
 * Their length is known beforehand, because platforms refuse uploads without one.
 */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";

export interface UploadBody {
  /** Exactly so many bytes come out of `read`. */
  bytes: number;
  /** Begins anew with every call. */
  read(): AsyncIterable<Uint8Array>;
}

export interface FilePart {
  path: string;
  /** Of the whole file. */
  bytes: number;
  /** The first byte to send; default 0. */
  start?: number;
  /** The first byte not to send; default: all are sent. */
  end?: number;
}

/** A file, or a part of it. */
export function fileBody({ path, bytes, start = 0, end = bytes }: FilePart): UploadBody {
  return {
    bytes: end - start,
    async *read() {
      if (end > start) yield* createReadStream(path, { start, end: end - 1 }) as AsyncIterable<Uint8Array>;
    },
  };
}

export interface FormFile {
  /** Of the form's field. */
  field: string;
  /** Shown to the platform; ours, never the client's own. */
  fileName: string;
  type: string;
  content: UploadBody;
}

/** `multipart/form-data` (RFC 7578) with fields first and one file last. */
export function formBody(
  fields: Readonly<Record<string, string>>,
  file: FormFile,
): { contentType: string; body: UploadBody } {
  const boundary = `punctual-${randomBytes(16).toString("hex")}`;
  const head = [
    ...Object.entries(fields).map(
      ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(name)}"\r\n\r\n${value}\r\n`,
    ),
    `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(file.field)}"; filename="${quoted(file.fileName)}"\r\n`,
    `content-type: ${file.type}\r\n\r\n`,
  ].join("");
  const before = Buffer.from(head, "utf8");
  const after = Buffer.from(`\r\n--${boundary}--\r\n`, "utf8");
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: {
      bytes: before.length + file.content.bytes + after.length,
      async *read() {
        yield before;
        yield* file.content.read();
        yield after;
      },
    },
  };
}

/** As browsers do (WHATWG, "multipart/form-data encoding algorithm"). */
function quoted(name: string): string {
  return name.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
}
