/**
 * What a call to the Graph API says: in its address, and in a body that is JSON, a form, or a form with a file. All of
 * it is one set of parameters to the API, whatever way it came.
 */
import type { FastifyRequest } from "fastify";
import { readMultipart } from "../multipart.ts";

export interface Parameters {
  /** Nested values of JSON bodies as they are; everything else is text. */
  get(name: string): unknown;
  text(name: string): string | undefined;
  /** True, also as text, as forms have it. */
  isTrue(name: string): boolean;
  isFalse(name: string): boolean;
  /** A list, also as JSON in a text, or separated by commas. */
  list(name: string): readonly unknown[] | undefined;
  file(name: string): Buffer | undefined;
  /** The names in `fields=`; of a nested one its own name only. */
  fields(): readonly string[];
}

/** @returns null if the body cannot be read */
export function readParameters(request: FastifyRequest): Parameters | null {
  const body = readBody(request);
  if (body === null) return null;
  const { files } = body;
  const values = new Map([...Object.entries(request.query as Record<string, unknown>), ...body.values]);
  const text = (name: string) => {
    const value = values.get(name);
    return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  };
  return {
    get: (name) => values.get(name),
    text,
    isTrue: (name) => [true, "true", "1"].includes(values.get(name) as string | boolean),
    isFalse: (name) => [false, "false", "0"].includes(values.get(name) as string | boolean),
    list: (name) => listOf(values.get(name)),
    file: (name) => files.get(name),
    fields: () => topLevelNames(text("fields") ?? ""),
  };
}

interface Body {
  values: Map<string, unknown>;
  files: Map<string, Buffer>;
}

function readBody(request: FastifyRequest): Body | null {
  const type = request.headers["content-type"] ?? "";
  const bytes = request.rawBody ?? Buffer.alloc(0);
  const files = new Map<string, Buffer>();
  if (bytes.length === 0) return { values: new Map(), files };
  if (type.startsWith("multipart/form-data")) {
    const form = readMultipart(bytes, type);
    return form === null ? null : { values: new Map(form.fields), files: form.files };
  }
  const text = bytes.toString("utf8");
  if (type.startsWith("application/x-www-form-urlencoded"))
    return { values: new Map(new URLSearchParams(text)), files };
  if (!type.startsWith("application/json")) return { values: new Map(), files };
  try {
    return { values: new Map(Object.entries(JSON.parse(text) as Record<string, unknown>)), files };
  } catch {
    return null;
  }
}

function listOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as unknown[];
  if (typeof value !== "string") return undefined;
  if (!value.startsWith("[")) return value.split(",");
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** `id,attachments{media_type,target{id}}` asks for two fields. */
function topLevelNames(fields: string): string[] {
  let depth = 0;
  let flat = "";
  for (const character of fields) {
    if (character === "{") depth += 1;
    else if (character === "}") depth -= 1;
    else if (depth === 0) flat += character;
  }
  return flat.split(",").filter(Boolean);
}
