/** What the log-ins of all platforms have in common: OAuth 2.0's authorization code (RFC 6749) and what can go wrong. */
import type { ConnectCancelled, ConnectStep } from "@punctual/core";
import type { HttpClient, HttpRequest } from "./http.ts";

export type Refusal = Extract<ConnectStep, { kind: "refused" }>;

export type ExchangeResult =
  | { kind: "answer"; fields: Readonly<Record<string, unknown>> }
  /** `error` is OAuth's own word, where the answer has one. */
  | { kind: "fault"; status: number | null; error: string | null; message: string };

/** What came back with the browser: the code, or how it ended without one. */
export function readReturn(
  query: Readonly<Record<string, string>>,
  displayName: string,
): { kind: "code"; code: string } | ConnectCancelled | Refusal {
  const { code, error } = query;
  if (error !== undefined) {
    if (denials.has(error)) return { kind: "cancelled" };
    const word = isWord(error) ? ` (${error})` : "";
    return refusal(`${displayName} did not let you log in for this application${word}.`);
  }
  if (code === undefined || code === "") return refusal(`${displayName} sent you back without a code.`);
  return { kind: "code", code };
}

/** One exchange that answers with JSON, read. Retries nothing. */
export async function exchange(
  http: HttpClient,
  request: Omit<HttpRequest, "headers" | "body"> & {
    headers?: Readonly<Record<string, string>>;
    form?: Readonly<Record<string, string>>;
    json?: unknown;
  },
): Promise<ExchangeResult> {
  const { form, json, headers, ...rest } = request;
  const content =
    form !== undefined
      ? { type: "application/x-www-form-urlencoded", body: new URLSearchParams(form).toString() }
      : json !== undefined
        ? { type: "application/json", body: JSON.stringify(json) }
        : null;
  const result = await http.request({
    ...rest,
    headers: {
      accept: "application/json",
      "user-agent": "Punctual/1",
      ...(content === null ? {} : { "content-type": content.type }),
      ...headers,
    },
    ...(content === null ? {} : { body: content.body }),
  });
  if (result.kind !== "answer") return { kind: "fault", status: null, error: null, message: result.message };
  const fields = parse(result.body);
  const { status } = result;
  if (status >= 200 && status < 300 && fields !== null) return { kind: "answer", fields };
  const error = typeof fields?.["error"] === "string" && isWord(fields["error"]) ? fields["error"] : null;
  return { kind: "fault", status, error, message: `it answered ${status}${error === null ? "" : ` (${error})`}` };
}

/** A refusal after an exchange that went wrong, for the user. */
export function exchangeRefused(displayName: string, { message }: { message: string }): Refusal {
  return refusal(`${displayName} could not be asked for your accounts: ${message}. Please start again.`);
}

export function refusal(message: string): Refusal {
  return { kind: "refused", message };
}

/** What platforms call it when the user says no. */
const denials: ReadonlySet<string> = new Set([
  "access_denied",
  "user_denied",
  "user_cancelled_login",
  "user_cancelled_authorize",
]);

/** Fit to be shown: it cannot hold anything of a request. */
function isWord(error: string): boolean {
  return /^[a-z_]{1,50}$/.test(error);
}

function parse(body: Buffer): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(body.toString("utf8"));
    if (Array.isArray(parsed)) return { items: parsed };
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
