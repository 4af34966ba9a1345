/** What can be known to be wrong with where a post's media is; where a name leads shows only when it is fetched. */
import type { PostContent, ValidationIssue } from "@punctual/core";
import { namesPrivateAddress, privateAddressCode } from "./address-guard.ts";

export function mediaAddressIssues({ media }: PostContent, allowPrivateNetworks: boolean): ValidationIssue[] {
  const message = "private, loopback and link-local addresses are not allowed";
  return media.flatMap(({ url }, index) =>
    allowPrivateNetworks || !URL.canParse(url) || !namesPrivateAddress(new URL(url))
      ? []
      : [{ path: `/media/${index}/url`, code: privateAddressCode, message }],
  );
}
