/** What an instance's answers mean (docs.joinmastodon.org/api/guidelines, methods/statuses, methods/media). */
import { parseFields } from "../json-answer.ts";
import { platformReason } from "../platform-reason.ts";
import { retryAfterMs } from "../retry-after.ts";
import { type Answer, createVerdicts, type Refusal, type VerdictContext } from "../verdict.ts";
import { mastodonLimits } from "./limits.ts";

export const mastodonVerdicts = createVerdicts({ readRefusal, described });

/** What a certain no means; null for an answer that is none. */
function readRefusal(answer: Answer, context: VerdictContext): Refusal | null {
  const { status, headers, body } = answer;
  const fault = described(answer, context);
  const { credentialsVersion, now } = context;
  if (status === 401) return { kind: "reconnect", category: "auth", credentialsVersion, ...fault };
  if (status === 403) return { kind: "reconnect", category: "permission", credentialsVersion, ...fault };
  if (status === 429) return { kind: "wait", ...fault, waitMs: toldWaitMs(headers, now), scope: "account" };
  if (status >= 500 || status === 408) return null;
  const { error } = parseFields(body);
  const isUnready =
    status === 422 && typeof error === "string" && /(not|hasn't|haven't) .*(finished )?process/i.test(error);
  if (isUnready || status === 409 || status === 425) return { kind: "retry", category: "platform", ...fault };
  return { kind: "rejected", category: "rejected", ...fault };
}

/** `X-RateLimit-Reset` is an instant, written out. */
function toldWaitMs(headers: Readonly<Record<string, string>>, now: Date): number {
  const reset = Date.parse(headers["x-ratelimit-reset"] ?? "");
  if (!Number.isNaN(reset)) return Math.max(0, reset - now.getTime());
  return retryAfterMs(headers["retry-after"], now) ?? mastodonLimits.rateLimitedWaitMs;
}

function described({ status, body }: Answer, { neverShown }: VerdictContext) {
  const reason = platformReason(body, neverShown);
  return {
    code: `http_${status}`,
    message: `the instance answered ${status}${reason === undefined ? "" : `: ${reason}`}`,
    httpStatus: status,
  };
}
