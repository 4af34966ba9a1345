/** Fields that many requests and answers share. */
import { Type, type Static, type TSchema, type TUnsafe } from "typebox";

const uuidPattern = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";

export const Id = Type.String({
  format: "uuid",
  pattern: uuidPattern,
  examples: ["0199aa0e-7c1e-7000-8000-5d2f8f8b6a01"],
});
export const IdParams = Type.Object({ id: Id }, { additionalProperties: false });

/** An instant in, with any offset. */
export const InstantIn = (description: string) =>
  Type.String({ format: "date-time", maxLength: 64, description, examples: ["2026-12-01T09:30:00+01:00"] });
/** An instant out, in UTC with milliseconds. */
export const InstantOut = (description: string) =>
  Type.String({ format: "date-time", description, examples: ["2026-12-01T08:30:00.000Z"] });

/** A value that may be absent, shown as null. */
export function Nullable<Schema extends TSchema>(
  schema: Schema,
  options: { description?: string; examples?: unknown[] } = {},
) {
  return Type.Union([schema, Type.Null()], options);
}

/** In a merge patch: the same rules for a value, or null, which takes the field back to its default. */
export function orNull<Schema extends TSchema & { type: string }>(schema: Schema): TUnsafe<Static<Schema> | null> {
  return Type.Unsafe<Static<Schema> | null>({ ...schema, type: [schema.type, "null"] });
}

/** An object whose fields we do not know. */
export const AnyObject = (
  options: { description?: string; maxProperties?: number; examples?: unknown[] } = {},
): TUnsafe<Record<string, unknown>> =>
  Type.Unsafe<Record<string, unknown>>({ type: "object", additionalProperties: true, ...options });

export type IdParams = Static<typeof IdParams>;
