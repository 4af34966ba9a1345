/** How many posts the account may still publish today, which Instagram knows best and tells when asked. */
import type { ConnectedAccount } from "@punctual/core";
import { usageWait, type FaultContext, type ProvenFault } from "../graph/fault.ts";
import { itemsOf } from "../graph/fields.ts";
import { fieldsOf } from "../json-answer.ts";
import type { GraphCallContext, GraphResult } from "../graph/graph-api.ts";
import type { ContainerDeps } from "./container.ts";
import { instagramLimits } from "./limits.ts";

export function readQuota(
  { api }: Pick<ContainerDeps, "api">,
  account: ConnectedAccount,
  context: GraphCallContext,
): Promise<GraphResult> {
  const path = `/${String(account.settings["userId"])}/content_publishing_limit`;
  return api.call(account, { method: "GET", path, query: { fields: "quota_usage,config" } }, context);
}

/** What is against publishing on the account now; null: nothing. */
export async function obstacleOnAccount(
  deps: ContainerDeps,
  account: ConnectedAccount,
  context: GraphCallContext,
  faultContext: FaultContext,
): Promise<ProvenFault | null> {
  const result = await readQuota(deps, account, context);
  if (result.kind !== "answer") return deps.faults.proven(result, faultContext);
  const [{ quota_usage: used, config } = {}] = itemsOf(result.body);
  const total = fieldsOf(config)["quota_total"];
  if (typeof used === "number" && typeof total === "number" && used >= total) {
    const message = `Instagram lets this account publish ${total} posts in 24 hours, and ${used} were`;
    const waitMs = instagramLimits.quotaWaitMs;
    return { kind: "wait", code: "publishing_quota", message, scope: "account", waitMs };
  }
  return usageWait("Instagram", result.usage);
}
