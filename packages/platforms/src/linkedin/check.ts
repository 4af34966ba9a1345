/** Whether an account's token works and is the account's: asked of LinkedIn, changing nothing. */
import type { AccountCheck, ConnectedAccount } from "@punctual/core";
import type { CallLimits, LinkedInApi } from "./api.ts";
import { parseFields } from "../json-answer.ts";
import { administeredPath, readAdministered } from "./identity.ts";
import { isOrganization } from "./vocabulary.ts";

export async function checkAccount(
  api: LinkedInApi,
  account: ConnectedAccount,
  limits: CallLimits,
): Promise<AccountCheck> {
  const author = String(account.settings["author"]);
  const path = isOrganization(author) ? administeredPath : "/v2/userinfo";
  const result = await api.call(account, { method: "GET", path }, limits);
  if (result.kind !== "answer") return { kind: "cannot_tell", message: `LinkedIn was not reached: ${result.message}` };
  const { status, body } = result;
  if (status === 401) return { kind: "refused", message: "LinkedIn does not take the token any more." };
  // A token that may only post is not let in here, and posts all the same.
  if (status === 403) return { kind: "cannot_tell", message: "The token may not be asked about itself." };
  if (status !== 200) return { kind: "cannot_tell", message: `LinkedIn answered ${status}.` };
  const authors = isOrganization(author) ? readAdministered(body) : readMember(body);
  if (authors === null) return { kind: "cannot_tell", message: "LinkedIn's answer could not be read." };
  if (authors.includes(author)) return { kind: "works" };
  return { kind: "refused", message: `The token works, but may not publish as ${author}.` };
}

function readMember(body: Buffer): string[] | null {
  const { sub } = parseFields(body);
  return typeof sub === "string" ? [`urn:li:person:${sub}`] : null;
}
