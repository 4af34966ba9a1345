/** A form with files (RFC 7578), read from its bytes. */

export interface MultipartForm {
  fields: Map<string, string>;
  files: Map<string, Buffer>;
}

/** @returns null if the bytes are no such form */
export function readMultipart(body: Buffer, contentType: string): MultipartForm | null {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) return null;
  const delimiter = Buffer.from(`--${boundary}`);
  const form: MultipartForm = { fields: new Map(), files: new Map() };
  let position = body.indexOf(delimiter);
  for (;;) {
    if (position === -1) return null;
    const start = position + delimiter.length;
    if (body.toString("latin1", start, start + 2) === "--") return form;
    const next = body.indexOf(Buffer.from(`\r\n--${boundary}`), start);
    const headEnd = body.indexOf("\r\n\r\n", start);
    if (next === -1 || headEnd === -1 || headEnd > next) return null;
    take(form, body.toString("utf8", start + 2, headEnd), body.subarray(headEnd + 4, next));
    position = next + 2;
  }
}

/** What has a file name is a file, whatever it is called. */
function take({ fields, files }: MultipartForm, head: string, content: Buffer): void {
  const disposition = head.split("\r\n").find((line) => /^content-disposition:/i.test(line)) ?? "";
  const name = /;\s*name="([^"]*)"/i.exec(disposition)?.[1];
  if (name === undefined) return;
  if (/;\s*filename\*?=/i.test(disposition)) files.set(name, Buffer.from(content));
  else fields.set(name, content.toString("utf8"));
}
