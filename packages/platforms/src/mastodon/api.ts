/** An instance's API: where it is, and what every call carries. */
import type { ConnectedAccount } from "@punctual/core";
import type { HttpRequest, HttpResult } from "../http.ts";
import { textOf } from "../json-answer.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { misconfiguredCode } from "../verdict.ts";

export interface MastodonCall {
  method: "GET" | "POST";
  /** From the root on, query included. */
  path: string;
  /** Goes out as JSON. */
  json?: unknown;
  form?: { contentType: string; body: NonNullable<HttpRequest["body"]> };
  idempotencyKey?: string;
  beforeSend?: () => void;
}

export interface CallLimits {
  timeoutMs: number;
  signal: AbortSignal;
}

export interface MastodonApi {
  call(account: ConnectedAccount, call: MastodonCall, limits: CallLimits): Promise<HttpResult>;
}

/** Listings of posts are long: each holds its account and media. */
const answerBytesMax = 4 * 1024 * 1024;

export function createMastodonApi({ http, sandboxHttp, sandboxUrl }: PlatformDeps): MastodonApi {
  const serverOf = ({ sandbox, settings }: ConnectedAccount): string | null => {
    if (sandbox) return sandboxUrl === undefined ? null : new URL("/mastodon", sandboxUrl).href;
    return textOf(settings["instanceUrl"])?.replace(/\/$/, "") ?? null;
  };
  return {
    async call(account, { method, path, json, form, idempotencyKey, beforeSend }, limits) {
      const server = serverOf(account);
      if (server === null || !URL.canParse(server)) {
        const message = account.sandbox ? "SANDBOX_URL is not set" : "the account's server has no usable address";
        return { kind: "not_sent", code: misconfiguredCode, message };
      }
      const content =
        form ?? (json === undefined ? undefined : { contentType: "application/json", body: JSON.stringify(json) });
      return (account.sandbox ? sandboxHttp : http).request({
        method,
        url: new URL(`${server}${path}`),
        headers: {
          accept: "application/json",
          authorization: `Bearer ${String(account.credentials["accessToken"])}`,
          "user-agent": "Punctual/1",
          ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
          ...(content === undefined ? {} : { "content-type": content.contentType }),
        },
        ...(content === undefined ? {} : { body: content.body }),
        ...(beforeSend === undefined ? {} : { beforeSend }),
        responseBytesMax: answerBytesMax,
        ...limits,
      });
    },
  };
}
