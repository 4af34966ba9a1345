/**
 * JSON Schemas as OpenAPI wants them: what has a title is said once, under that name, and referred to from everywhere
 * else. OpenAPI 3.1 takes JSON Schema as it is, so nothing else is changed.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

export interface SchemaComponents {
  /** @returns the schema, or a reference if it is a component by now; @throws if two different ones have one name */
  refer(schema: unknown): JsonObject;
  /** By name. */
  all(): Record<string, JsonObject>;
}

export function createSchemaComponents(): SchemaComponents {
  const components = new Map<string, JsonObject>();

  function refer(schema: unknown): JsonObject {
    const plain = schema as JsonObject;
    const name = plain["title"];
    if (typeof name !== "string") return convert(plain);
    const converted = convert(plain);
    const known = components.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(converted)) {
      throw new Error(`two different schemas have the title ${name}`);
    }
    components.set(name, converted);
    return { $ref: `#/components/schemas/${name}` };
  }

  function convert(schema: JsonObject): JsonObject {
    const entries = Object.entries(schema).filter(([keyword]) => keyword !== "$id" && keyword !== "title");
    return Object.fromEntries(entries.map(([keyword, value]) => [keyword, convertKeyword(keyword, value)]));
  }

  function convertKeyword(keyword: string, value: Json): Json {
    if (typeof value !== "object" || value === null) return value;
    if (ofSchemas.has(keyword)) return (value as readonly Json[]).map(refer);
    if (ofNamedSchemas.has(keyword)) {
      return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, refer(schema)]));
    }
    return ofOneSchema.has(keyword) ? refer(value) : value;
  }

  return {
    refer,
    all: () => Object.fromEntries([...components].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const ofSchemas: ReadonlySet<string> = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const ofNamedSchemas: ReadonlySet<string> = new Set(["properties", "patternProperties", "$defs"]);
const ofOneSchema: ReadonlySet<string> = new Set(["items", "additionalProperties", "propertyNames", "not"]);
