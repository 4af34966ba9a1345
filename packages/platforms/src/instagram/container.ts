/** One container at Instagram: made, and read for where it is on its way. */
import type { ConnectedAccount } from "@punctual/core";
import type { Budget } from "../budget.ts";
import type { FaultContext, FaultReader, ProvenFault } from "../graph/fault.ts";
import { idOf } from "../graph/fields.ts";
import type { GraphApi, GraphCallContext, GraphFailure } from "../graph/graph-api.ts";
import { instagramLimits } from "./limits.ts";

export interface ContainerDeps {
  api: GraphApi;
  faults: FaultReader;
}

export type ContainerState =
  | { kind: "in_progress" | "finished" | "published" | "expired" }
  /** `subcode` says why; the text does too, for people. */
  | { kind: "failed"; subcode: number | null; message: string }
  /** Not there, or not visible yet: it was seen of fresh containers. */
  | { kind: "missing" }
  | { kind: "unreadable"; failure: GraphFailure };

export async function createContainer(
  { api, faults }: ContainerDeps,
  account: ConnectedAccount,
  parameters: Readonly<Record<string, unknown>>,
  budget: Budget,
  faultContext: FaultContext,
): Promise<{ kind: "created"; id: string } | ProvenFault> {
  const call = { method: "POST" as const, path: `/${String(account.settings["userId"])}/media`, parameters };
  const result = await api.call(account, call, budget.forCall(instagramLimits.containerTimeoutMs));
  if (result.kind !== "answer") return faults.proven(result, faultContext);
  const id = idOf(result.body["id"]);
  if (id !== undefined) return { kind: "created", id };
  const message = "Instagram did not say which container it made";
  return { kind: "retry", category: "platform", code: "no_container", message };
}

export async function readContainer(
  { api }: Pick<ContainerDeps, "api">,
  account: ConnectedAccount,
  id: string,
  context: GraphCallContext,
): Promise<ContainerState> {
  const call = { method: "GET" as const, path: `/${id}`, query: { fields: "id,status_code,status" } };
  const result = await api.call(account, call, context);
  if (result.kind !== "answer")
    return isMissing(result) ? { kind: "missing" } : { kind: "unreadable", failure: result };
  const { status_code: code, status } = result.body;
  const text = typeof status === "string" ? status : "";
  switch (code) {
    case "IN_PROGRESS":
      return { kind: "in_progress" };
    case "FINISHED":
      return { kind: "finished" };
    case "PUBLISHED":
      return { kind: "published" };
    case "EXPIRED":
      return { kind: "expired" };
    case "ERROR":
      return failed(text);
    default:
      // Sometimes only the text comes.
      if (text.startsWith("Error")) return failed(text);
      return { kind: "unreadable", failure: { ...noStatus, usage: result.usage } };
  }
}

const noStatus = { kind: "error", status: 200, error: null } as const;

function failed(message: string): ContainerState {
  const subcode = /\b2207\d{3}\b/.exec(message)?.[0];
  return { kind: "failed", subcode: subcode === undefined ? null : Number(subcode), message };
}

function isMissing(failure: GraphFailure): boolean {
  if (failure.kind !== "error" || failure.error === null) return false;
  const { code, subcode } = failure.error;
  return (code === 100 && subcode === 33) || code === 24 || subcode === 2_207_006 || subcode === 2_207_008;
}
