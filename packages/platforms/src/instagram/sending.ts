/**
 * The one call that shows the post to readers. Posts were live behind 4xx answers, so after anything but 2xx the
 * container is read: it alone says whether it was published.
 */
import type { OutgoingPost, Outcome, SendContext } from "@punctual/core";
import { createBudget } from "../budget.ts";
import type { FaultContext } from "../graph/fault.ts";
import { idOf } from "../graph/fields.ts";
import { readPermalink } from "../graph/permalink.ts";
import { readPreparation } from "./checkpoint.ts";
import type { ContainerDeps } from "./container.ts";
import { instagramLimits } from "./limits.ts";
import { look } from "./look.ts";

export async function sendPost(
  { api, faults }: ContainerDeps,
  post: OutgoingPost,
  context: SendContext,
  faultContext: FaultContext,
): Promise<Outcome> {
  const { account, signal, beforeSend } = context;
  const { container } = readPreparation(context.checkpoint);
  if (container === undefined) {
    return { kind: "retry", category: "internal", code: "not_prepared", message: "there is no container to publish" };
  }
  const budget = createBudget(context);
  const sent = { ...post, firstSentAt: post.firstSentAt ?? new Date() };
  const lookAgain = () => look(api, sent, { ...context, timeoutMs: budget.leftMs() });
  if (container.published === true) {
    const found = await lookAgain();
    if (found.kind === "published") return found;
    return { kind: "unknown", code: "published_before", message: "an earlier attempt had published it" };
  }

  const path = `/${String(account.settings["userId"])}/media_publish`;
  const timeoutMs = Math.max(0, context.timeoutMs - instagramLimits.lookTimeoutMs);
  const result = await api.call(
    account,
    { method: "POST", path, parameters: { creation_id: container.id } },
    { timeoutMs, signal, beforeSend },
  );
  if (result.kind === "answer") {
    const externalId = idOf(result.body["id"]);
    if (externalId === undefined) return { kind: "published", httpStatus: result.status };
    const place = { field: "permalink", site: "https://www.instagram.com" };
    const link = await readPermalink(api, account, externalId, place, { timeoutMs: budget.leftMs(), signal });
    return { kind: "published", httpStatus: result.status, externalId, ...link };
  }
  const outcome = faults.ofSend(result, faultContext);
  if (outcome.kind !== "unknown" || !faults.isDecision(result)) return outcome;
  const found = await lookAgain();
  if (found.kind === "published") return found;
  return found.kind === "absent" ? faults.proven(result, faultContext) : outcome;
}
