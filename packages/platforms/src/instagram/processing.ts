/** Waiting until Instagram has processed what is behind a container's URL. */
import { shownReason } from "../platform-reason.ts";
import type { ProvenFault } from "../graph/fault.ts";
import { verdictOf } from "../graph/verdict.ts";
import type { Container } from "./checkpoint.ts";
import { readContainer, type ContainerDeps, type ContainerState } from "./container.ts";
import { instagramLimits } from "./limits.ts";
import type { Step } from "./preparation.ts";
import { instagramVerdicts } from "./verdicts.ts";

export interface Unfinished {
  fault: ProvenFault;
  /** Nothing will become of this container any more. */
  isLost: boolean;
}

/** @returns what keeps it from being published; null: it may be */
export async function waitUntilFinished(
  { api, faults }: ContainerDeps,
  { context, budget, faultContext }: Step,
  { id, createdAtMs }: Pick<Container, "id" | "createdAtMs">,
): Promise<Unfinished | null> {
  const { pollFirstMs, pollLastMs, callTimeoutMs, missingReadsMax, missingPauseMs } = instagramLimits;
  let pauseMs: number = pollFirstMs;
  let missing = 0;
  for (;;) {
    const state = await readContainer({ api }, context.account, id, budget.forCall(callTimeoutMs));
    switch (state.kind) {
      case "finished":
      case "published":
        return null;
      case "in_progress":
        if (!(await budget.pause(pauseMs))) return stillProcessing(createdAtMs);
        pauseMs = Math.min(pauseMs * 2, pollLastMs);
        break;
      case "missing":
        missing += 1;
        if (missing >= missingReadsMax || !(await budget.pause(missingPauseMs))) return notFound;
        break;
      case "unreadable":
        return { fault: faults.proven(state.failure, faultContext), isLost: false };
      case "expired":
        return anew("container_expired", "Instagram's container expired before it was published");
      case "failed":
        return whyFailed(state, faultContext.neverShown);
    }
  }
}

function stillProcessing(createdAtMs: number): Unfinished {
  const { processingMaxMs, stillProcessingWaitMs } = instagramLimits;
  if (Date.now() - createdAtMs > processingMaxMs) {
    const message = "Instagram has been processing the media for an hour";
    return lost({ kind: "rejected", category: "rejected", code: "processing_timeout", message });
  }
  const message = "Instagram is still processing the media";
  const fault = { kind: "wait", code: "still_processing", message, waitMs: stillProcessingWaitMs } as const;
  return { fault, isLost: false };
}

function whyFailed(
  { subcode, message }: Extract<ContainerState, { kind: "failed" }>,
  neverShown: readonly string[],
): Unfinished {
  const reason = shownReason(message, neverShown) ?? "no reason was given";
  const told = `Instagram could not process the media: ${reason}`;
  const code = subcode === null ? "container_failed" : `graph_${subcode}`;
  const error = { code: 0, subcode, isTransient: false, message };
  const isRejected = subcode !== null && verdictOf(error, 200, instagramVerdicts) === "rejected";
  return isRejected ? lost({ kind: "rejected", category: "rejected", code, message: told }) : anew(code, told);
}

/** The next attempt finds this container gone and makes another. */
function anew(code: string, message: string): Unfinished {
  return lost({ kind: "retry", category: "platform", code, message });
}

function lost(fault: ProvenFault): Unfinished {
  return { fault, isLost: true };
}

const notFound = anew("container_missing", "Instagram does not find the container it made");
