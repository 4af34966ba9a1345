/**
 * Holds answers to the document: every answer that a test gets must be one that its operation is said to give, in
 * status, type, headers and body, without a field that is not described. So the document is tested by all tests.
 */
import { Compile, type Validator } from "typebox/schema";
import type { Json, JsonObject } from "./schema-components.ts";

export interface AnswerToCheck {
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  text: string;
  /** The parsed text, or the text itself. */
  body: unknown;
}

export interface AnswerCheck {
  /** What the document does not say; empty is right. Addresses that are no part of the API are passed over. */
  faults(method: string, url: string, answer: AnswerToCheck): string[];
  /** Each operation and status that was answered so far, such as `cancelPost 409`. */
  seen(): ReadonlySet<string>;
}

/** Headers that clients read; the others are the server's own business. */
const telling = ["etag", "idempotent-replayed", "location", "ratelimit", "retry-after", "www-authenticate"];

export function createAnswerCheck(document: JsonObject): AnswerCheck {
  const paths = Object.entries(document["paths"] as Record<string, JsonObject>).map(([path, operations]) => ({
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
    isPlain: !path.includes("{"),
    operations,
  }));
  const validators = new Map<string, Validator>();
  const seen = new Set<string>();
  const { schemas } = document["components"] as JsonObject;
  const components = { schemas: closed(schemas ?? {}) };

  function resolve(value: Json | undefined): JsonObject | undefined {
    const reference = (value as JsonObject | undefined)?.["$ref"];
    if (typeof reference !== "string") return value as JsonObject | undefined;
    let target: Json = document;
    for (const step of reference.split("/").slice(1)) target = (target as Record<string, Json>)[step] ?? null;
    return target as JsonObject;
  }

  function operationFor(method: string, url: string): JsonObject | undefined {
    const [path = ""] = url.split("?", 1);
    const matching = paths.filter(({ pattern }) => pattern.test(path));
    const found = matching.find(({ isPlain }) => isPlain) ?? matching[0];
    const name = method === "HEAD" ? "get" : method.toLowerCase();
    return found?.operations[name] as JsonObject | undefined;
  }

  function bodyFaults(where: string, schema: Json, body: unknown): string[] {
    const key = JSON.stringify(schema);
    const validator = validators.get(key) ?? Compile({ components, ...(closed(schema) as object) });
    validators.set(key, validator);
    if (validator.Check(body)) return [];
    const [, errors] = validator.Errors(body);
    return errors.map(({ instancePath, message }) => `${where}: ${instancePath || "the body"} ${message}`);
  }

  return {
    seen: () => seen,
    faults(method, url, { status, headers, text, body }) {
      const operation = operationFor(method, url);
      if (operation === undefined) return [];
      const where = `${operation["operationId"] as string} ${status}`;
      const response = resolve((operation["responses"] as Record<string, Json>)[status]);
      if (response === undefined) return [`${where} is not documented: ${text}`];
      seen.add(where);
      const documented = Object.keys((response["headers"] ?? {}) as object).map((name) => name.toLowerCase());
      const faults = telling
        .filter((name) => headers[name] !== undefined && !documented.includes(name))
        .map((name) => `${where} has the header ${name}, which is not documented`);
      const content = response["content"] as Record<string, JsonObject> | undefined;
      if (text === "") return content === undefined || method === "HEAD" ? faults : [...faults, `${where} has no body`];
      const [type = ""] = (headers["content-type"] ?? "").split(";", 1);
      const media = content?.[type];
      if (media === undefined) return [...faults, `${where} is of type ${type}, which is not documented`];
      return [...faults, ...bodyFaults(where, media["schema"] ?? true, body)];
    },
  };
}

/** The same schemas, but objects have no fields beside those described. Branches of `allOf` each describe a part. */
function closed(value: Json, isPart = false): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((entry: Json) => closed(entry));
  const entries = Object.entries(value as JsonObject).map(([name, child]): [string, Json] => [
    name,
    name === "allOf" ? (child as readonly Json[]).map((part) => closed(part, true)) : closed(child),
  ]);
  const isOpen = !isPart && "properties" in value && !("additionalProperties" in value) && "type" in value;
  return { ...Object.fromEntries(entries), ...(isOpen ? { additionalProperties: false } : {}) };
}
