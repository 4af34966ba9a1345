/** Asking for the Page itself: whether the token works for it, before anything is risked with it. */
import type { AccountCheck, ConnectedAccount } from "@punctual/core";
import { usageWait, type FaultContext, type FaultReader, type ProvenFault } from "../graph/fault.ts";
import type { GraphApi, GraphCallContext } from "../graph/graph-api.ts";

export interface PageDeps {
  api: GraphApi;
  faults: FaultReader;
}

/** What is against publishing on the Page now; null: nothing. */
export async function obstacleOnPage(
  { api, faults }: PageDeps,
  account: ConnectedAccount,
  context: GraphCallContext,
  faultContext: FaultContext,
): Promise<ProvenFault | null> {
  const result = await readPage(api, account, context);
  return result.kind === "answer" ? usageWait("Facebook", result.usage) : faults.proven(result, faultContext);
}

export async function checkPage(
  { api, faults }: PageDeps,
  account: ConnectedAccount,
  context: GraphCallContext,
  faultContext: FaultContext,
): Promise<AccountCheck> {
  const result = await readPage(api, account, context);
  if (result.kind !== "answer") {
    const fault = faults.proven(result, faultContext);
    if (fault.kind !== "reconnect") return { kind: "cannot_tell", message: fault.message };
    const what =
      fault.category === "auth" ? "does not accept the access token" : "does not let the access token use this Page";
    return { kind: "refused", message: `Facebook ${what}: ${fault.message}` };
  }
  if (result.body["id"] === account.settings["pageId"]) return { kind: "works" };
  return { kind: "cannot_tell", message: "Facebook did not answer with the Page" };
}

function readPage(api: GraphApi, account: ConnectedAccount, context: GraphCallContext) {
  const path = `/${String(account.settings["pageId"])}`;
  return api.call(account, { method: "GET", path, query: { fields: "id,name" } }, context);
}
