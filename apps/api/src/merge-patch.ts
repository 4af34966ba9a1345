/** JSON Merge Patch (RFC 7396) for objects: null takes a field away. */

/** Recursion is safe: the depth of bodies is bounded where they are read. */
export function mergeObject(
  target: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...target };
  for (const [name, value] of Object.entries(patch ?? {})) {
    if (value === null) delete result[name];
    else if (isObject(value)) result[name] = mergeObject(isObject(result[name]) ? result[name] : {}, value);
    else result[name] = value;
  }
  return result;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
