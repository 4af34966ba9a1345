/** A value that fits a schema, to show what it is like: its own example, else one made of its parts' examples. */
import type { Json, JsonObject } from "./schema-components.ts";

/** @throws naming the part that must have an example, because nobody can guess one */
export function sampleOf(schema: unknown, where = ""): Json {
  const { examples, enum: values, const: only, anyOf, type, ...rest } = schema as JsonObject;
  if (Array.isArray(examples)) return first(examples, where);
  if (only !== undefined) return only;
  if (Array.isArray(values)) return first(values, where);
  if (Array.isArray(anyOf)) return sampleOf(first(anyOf, where), where);
  switch (Array.isArray(type) ? first(type, where) : type) {
    case "object":
      return Object.fromEntries(
        Object.entries((rest["properties"] ?? {}) as JsonObject).map(([name, property]) => [
          name,
          sampleOf(property, `${where}/${name}`),
        ]),
      );
    case "array":
      return [sampleOf(rest["items"], `${where}/0`)];
    case "boolean":
      return false;
    case "integer":
    case "number":
      return rest["minimum"] ?? 1;
    case "null":
      return null;
    default:
      throw new Error(`${where || "the schema"} needs an example`);
  }
}

function first(values: readonly Json[], where: string): Json {
  const [value] = values;
  if (value === undefined) throw new Error(`${where || "the schema"} has nothing to choose an example from`);
  return value;
}
