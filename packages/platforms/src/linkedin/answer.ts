/**
 * What LinkedIn's answers mean. The same refusal means the same everywhere; only where no answer can be trusted to be
 * a refusal does it matter whether the call was the one that publishes.
 */
import type { FailureDetail } from "@punctual/core";
import { fieldsOf, parseFields } from "../json-answer.ts";
import { platformReason } from "../platform-reason.ts";
import { retryAfterMs } from "../retry-after.ts";
import { type Answer, createVerdicts, type Refusal, type VerdictContext } from "../verdict.ts";
import { linkedinLimits } from "./limits.ts";
import { namedPost } from "./vocabulary.ts";

export const { ofPrepare: refusedToPrepare, ofSend: refusedToPublish } = createVerdicts({ readRefusal, described });

/** What a certain no means; null for an answer that is none. */
function readRefusal(answer: Answer, context: VerdictContext): Refusal | null {
  const { status } = answer;
  const fault = described(answer, context);
  const { credentialsVersion } = context;
  switch (status) {
    case 401:
      return { kind: "reconnect", category: "auth", credentialsVersion, ...fault };
    case 403:
      return { kind: "reconnect", category: "permission", credentialsVersion, ...fault };
    case 408:
      return null;
    case 409:
    case 425:
      return { kind: "retry", category: "platform", ...fault };
    case 426:
      // No post of this installation can go out before somebody sets another version.
      return { kind: "retry", category: "internal", ...fault };
    case 429:
      return { kind: "wait", ...fault, ...limitOf(answer, context.now) };
    default:
      return readBadRequest(answer, fault);
  }
}

/** Of the statuses that mean the same for every call, what is left is about the request. */
function readBadRequest({ status, body }: Answer, fault: FailureDetail): Refusal | null {
  if (status < 400 || status >= 500) return null;
  if (fault.code === "version_missing") return { kind: "retry", category: "internal", ...fault };
  if (fault.code === "media_asset_waiting_upload" || fault.code === "expired_upload_url") {
    return { kind: "retry", category: "platform", ...fault };
  }
  if (fault.code === "duplicate_post") {
    const externalId = namedPost(body.toString("utf8"));
    return { kind: "rejected", category: "duplicate", ...fault, ...(externalId === undefined ? {} : { externalId }) };
  }
  return { kind: "rejected", category: "rejected", ...fault };
}

/** A day's quota ends at 00:00 UTC, and its message says whose it is; nothing else is told in a 429. */
function limitOf({ headers, body }: Answer, now: Date): { waitMs: number; scope: "account" | "app" } {
  const text = body.toString("utf8");
  const scope = /throttle APPLICATION\b/i.test(text) ? "app" : "account";
  const told = retryAfterMs(headers["retry-after"], now);
  if (told !== undefined) return { waitMs: told, scope };
  if (!/\bDAY limit\b/i.test(text)) return { waitMs: linkedinLimits.throttledWaitMs, scope };
  const midnight = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
  return { waitMs: midnight - now.getTime(), scope };
}

function described(answer: Answer, { neverShown }: VerdictContext) {
  const { status, body } = answer;
  const code = errorCode(body) ?? `http_${status}`;
  const reason = code === "duplicate_post" ? "the content is there already" : platformReason(body, neverShown);
  return {
    code,
    message: `LinkedIn answered ${status}${reason === undefined ? "" : `: ${reason}`}`,
    httpStatus: status,
  };
}

/** The most telling of the codes an error names, in our way of writing codes. */
function errorCode(body: Buffer): string | undefined {
  const { code, errorDetails } = parseFields(body);
  const { inputErrors } = fieldsOf(errorDetails);
  const first: unknown = Array.isArray(inputErrors) ? fieldsOf(inputErrors[0])["code"] : undefined;
  const found = [first, code].find((value) => typeof value === "string" && /^[A-Z][A-Z0-9_]{1,60}$/.test(value));
  return typeof found === "string" ? found.toLowerCase() : undefined;
}
