/** Verifies deliveries after the Standard Webhooks specification (symmetric, `v1`), independently of who signs them. */
import { createHmac, timingSafeEqual } from "node:crypto";

export interface SignedDelivery {
  id: string | undefined;
  timestamp: string | undefined;
  signature: string | undefined;
  body: Buffer;
}

export type SignatureFault =
  | "missing_signature"
  | "invalid_timestamp"
  | "timestamp_out_of_tolerance"
  | "invalid_signature";

/** How far a timestamp may be from now, in seconds, either way: the specification's libraries use 5 minutes. */
const toleranceSeconds = 300;

/**
 * @param secret "whsec_" and base64
 * @returns why the delivery is not trusted; null if it is
 */
export function signatureFault(
  secret: string,
  { id, timestamp, signature, body }: SignedDelivery,
  now: Date,
): SignatureFault | null {
  if (id === undefined || timestamp === undefined || signature === undefined) return "missing_signature";
  if (!/^[0-9]{1,12}$/.test(timestamp)) return "invalid_timestamp";
  if (Math.abs(Math.floor(now.getTime() / 1_000) - Number(timestamp)) > toleranceSeconds) {
    return "timestamp_out_of_tolerance";
  }
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  // The header lists one signature for each secret that is valid; while one is being rotated there are two.
  return signature.split(" ").some((candidate) => isSignature(candidate, expected)) ? null : "invalid_signature";
}

function isSignature(candidate: string, expected: Buffer): boolean {
  const [version, encoded] = candidate.split(",", 2);
  if (version !== "v1" || encoded === undefined) return false;
  const given = Buffer.from(encoded, "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
