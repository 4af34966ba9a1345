/** What can be known to be wrong with a URL a client wants requests sent to; where its name leads shows only then. */
import type { ValidationIssue } from "@punctual/core";
import { namesPrivateAddress, privateAddressCode } from "./address-guard.ts";

export const receiverUrlLengthMax = 2_048;

/** @param path of the URL in what the client gave us; @returns the fault, or null */
export function receiverUrlIssue(
  value: unknown,
  { path, allowPrivateNetworks }: { path: string; allowPrivateNetworks: boolean },
): ValidationIssue | null {
  if (typeof value !== "string" || value.length > receiverUrlLengthMax || !URL.canParse(value)) {
    return { path, code: "invalid_url", message: `not a URL of at most ${receiverUrlLengthMax} characters` };
  }
  const url = new URL(value);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return { path, code: "invalid_url", message: "only http and https are possible" };
  }
  if (url.username !== "" || url.password !== "") {
    return { path, code: "invalid_url", message: "a URL must not hold a user or password" };
  }
  if (!allowPrivateNetworks && namesPrivateAddress(url)) {
    const message = "private, loopback and link-local addresses are not allowed";
    return { path, code: privateAddressCode, message };
  }
  return null;
}
