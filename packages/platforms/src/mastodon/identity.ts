/** Who an account is, as its instance says (`verify_credentials`): `name@server`. */
import type { Fields } from "../json-answer.ts";

/** @returns null if the answer does not say */
export function accountName(
  { acct, username }: Fields,
  { server, sandbox }: { server: string; sandbox: boolean },
): string | null {
  const local = [acct, username].find((name) => typeof name === "string" && /^[\w.-]{1,100}$/.test(name));
  if (typeof local !== "string" || (!sandbox && !URL.canParse(server))) return null;
  // The stand-in is one server, wherever it happens to listen.
  return `${local}@${sandbox ? "sandbox" : new URL(server).host}`;
}
