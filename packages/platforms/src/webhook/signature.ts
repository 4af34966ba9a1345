/** Signs deliveries after the Standard Webhooks specification (symmetric, `v1`). */
import { createHmac, createSecretKey } from "node:crypto";

const secretPrefix = "whsec_";

/** The secret's key bytes, or null if it is not `whsec_` and base64 that every decoder reads alike, padding included. */
export function secretBytes(secret: unknown): Buffer | null {
  if (typeof secret !== "string" || !secret.startsWith(secretPrefix)) return null;
  const encoded = secret.slice(secretPrefix.length);
  const bytes = Buffer.from(encoded, "base64");
  return bytes.length > 0 && bytes.toString("base64") === encoded ? bytes : null;
}

/**
 * @param timestamp seconds since 1970
 * @param body exactly the bytes sent
 * @returns the value of the `webhook-signature` header
 */
export function signWebhook(key: Buffer, id: string, timestamp: number, body: string): string {
  // A key object: Node looks six times as long at a key that is given as plain bytes.
  return `v1,${createHmac("sha256", createSecretKey(key)).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}
