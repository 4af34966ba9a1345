/** Checks of what a client gives us to connect an account, the same for every platform. */
import { pointerTo, type ValidationIssue } from "@punctual/core";

const tokenLengthMax = 8_192;

/** @param path of the object in what the client gave us */
export function unknownFields(
  path: string,
  object: Readonly<Record<string, unknown>>,
  known: readonly string[],
): ValidationIssue[] {
  return Object.keys(object)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: pointerTo(path, name),
      code: "unknown_field",
      message: "this platform has no such field",
    }));
}

/** A token that can stand in an `Authorization` header. */
export function accessTokenIssues(path: string, value: unknown): ValidationIssue[] {
  if (value === undefined) return [{ path, code: "required", message: "the token is missing" }];
  if (typeof value === "string" && value.length <= tokenLengthMax && /^[\x21-\x7e]+$/.test(value)) return [];
  const message = `not 1 to ${tokenLengthMax} printable characters without spaces`;
  return [{ path, code: "invalid_token", message }];
}
