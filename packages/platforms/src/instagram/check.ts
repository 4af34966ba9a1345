/** Whether the account's token works for publishing: its quota can be read only by whoever may publish. */
import type { AccountCheck, ConnectedAccount } from "@punctual/core";
import type { FaultContext } from "../graph/fault.ts";
import type { GraphCallContext } from "../graph/graph-api.ts";
import type { ContainerDeps } from "./container.ts";
import { readQuota } from "./quota.ts";

export async function checkAccount(
  deps: ContainerDeps,
  account: ConnectedAccount,
  context: GraphCallContext,
  faultContext: FaultContext,
): Promise<AccountCheck> {
  const result = await readQuota(deps, account, context);
  if (result.kind === "answer") return { kind: "works" };
  const fault = deps.faults.proven(result, faultContext);
  if (fault.kind !== "reconnect") return { kind: "cannot_tell", message: fault.message };
  const what = fault.category === "auth" ? "does not accept the access token" : "does not let the access token publish";
  return { kind: "refused", message: `Instagram ${what}: ${fault.message}` };
}
