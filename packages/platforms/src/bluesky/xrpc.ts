/** AT Protocol's calls (atproto.com/specs/xrpc): where they go and what they carry. */
import type { ConnectedAccount } from "@punctual/core";
import type { HttpRequest, HttpResult } from "../http.ts";
import { textOf } from "../json-answer.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import type { UploadBody } from "../upload-body.ts";
import { misconfiguredCode } from "../verdict.ts";
import { blueskyServiceUrl } from "./limits.ts";

export interface XrpcCall {
  /** The method's name: GET for a query, POST for a procedure. */
  query?: string;
  procedure?: string;
  parameters?: Readonly<Record<string, string>>;
  /** Goes out as JSON. */
  input?: unknown;
  upload?: { type: string; body: UploadBody };
  token?: string;
  beforeSend?: () => void;
}

export interface CallLimits {
  timeoutMs: number;
  signal: AbortSignal;
}

export type XrpcAccount = Pick<ConnectedAccount, "settings" | "sandbox">;

export interface Xrpc {
  call(account: XrpcAccount, call: XrpcCall, limits: CallLimits): Promise<HttpResult>;
}

export function createXrpc({ http, sandboxHttp, sandboxUrl, app }: PlatformDeps): Xrpc {
  const serviceOf = ({ sandbox, settings }: XrpcAccount): string | null => {
    if (sandbox) return sandboxUrl === undefined ? null : new URL("/bluesky", sandboxUrl).href;
    return (textOf(settings["serviceUrl"]) ?? app.apiUrl ?? blueskyServiceUrl).replace(/\/$/, "");
  };
  return {
    async call(account, { query, procedure, parameters, input, upload, token, beforeSend }, limits) {
      const service = serviceOf(account);
      if (service === null || !URL.canParse(service)) {
        const message = account.sandbox ? "SANDBOX_URL is not set" : "the account's server has no usable address";
        return { kind: "not_sent", code: misconfiguredCode, message };
      }
      const url = new URL(`${service}/xrpc/${query ?? procedure ?? ""}`);
      for (const [name, value] of Object.entries(parameters ?? {})) url.searchParams.set(name, value);
      const content: { type: string; body: NonNullable<HttpRequest["body"]> } | undefined =
        upload ?? (input === undefined ? undefined : { type: "application/json", body: JSON.stringify(input) });
      return (account.sandbox ? sandboxHttp : http).request({
        method: query === undefined ? "POST" : "GET",
        url,
        headers: {
          accept: "application/json",
          "user-agent": "Punctual/1",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(content === undefined ? {} : { "content-type": content.type }),
        },
        ...(content === undefined ? {} : { body: content.body }),
        ...(beforeSend === undefined ? {} : { beforeSend }),
        ...limits,
      });
    },
  };
}
