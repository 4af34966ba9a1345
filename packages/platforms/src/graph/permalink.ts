/** Where readers find a post that was just published. Only worth a moment: a post is published with or without it. */
import type { ConnectedAccount } from "@punctual/core";
import { webAddress } from "./fields.ts";
import type { GraphApi, GraphCallContext } from "./graph-api.ts";

const permalinkTimeoutMs = 3_000;

/** @param place the field it stands in, and what an address without a host belongs to */
export async function readPermalink(
  api: GraphApi,
  account: ConnectedAccount,
  id: string,
  place: { field: string; site: string },
  { timeoutMs, signal }: GraphCallContext,
): Promise<{ externalUrl?: string }> {
  const result = await api.call(
    account,
    { method: "GET", path: `/${id}`, query: { fields: place.field } },
    { timeoutMs: Math.min(timeoutMs, permalinkTimeoutMs), signal },
  );
  const externalUrl = result.kind === "answer" ? webAddress(result.body[place.field], place.site) : undefined;
  return externalUrl === undefined ? {} : { externalUrl };
}
