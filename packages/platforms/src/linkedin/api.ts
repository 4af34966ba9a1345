/** LinkedIn's versioned REST API: where it is, and what every call carries. */
import type { ConnectedAccount } from "@punctual/core";
import type { HttpRequest, HttpResult } from "../http.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { sandboxApp } from "../sandbox-app.ts";
import { misconfiguredCode } from "../verdict.ts";
import { linkedinVersionDefault } from "./limits.ts";

export interface LinkedInCall {
  method: "GET" | "POST";
  /** From the root on, query included. */
  path: string;
  /** Goes out as JSON. */
  body?: unknown;
  beforeSend?: () => void;
}

export interface CallLimits {
  timeoutMs: number;
  signal: AbortSignal;
}

/** Whose token a call carries. */
export type Caller = Pick<ConnectedAccount, "sandbox" | "credentials">;

export interface LinkedInApi {
  call(caller: Caller, call: LinkedInCall, limits: CallLimits): Promise<HttpResult>;
  /** To an address LinkedIn named: uploads. `authorized` adds the token, if the address is LinkedIn's own. */
  put(
    caller: Caller,
    upload: { url: string; authorized: boolean; type: string; body: NonNullable<HttpRequest["body"]> },
    limits: CallLimits,
  ): Promise<HttpResult>;
  /** OAuth 2.0: exchanges a code or a refresh token; our registration is added. */
  token(sandbox: boolean, fields: Readonly<Record<string, string>>, limits: CallLimits): Promise<HttpResult>;
  /** The log-in page, without a query; null if it is unknown where. */
  authorizationUrl(sandbox: boolean): URL | null;
  /** Our registration; null if there is none. */
  app(sandbox: boolean): { clientId: string; clientSecret: string } | null;
}

const userAgent = "Punctual/1";

export function createLinkedInApi({ http, sandboxHttp, sandboxUrl, app }: PlatformDeps): LinkedInApi {
  const version = app.apiVersion ?? linkedinVersionDefault;
  const hosts = { api: app.apiUrl ?? usualUrl, www: logInUrl(app.apiUrl ?? usualUrl) };
  const httpOf = (sandbox: boolean) => (sandbox ? sandboxHttp : http);
  const urlOf = (sandbox: boolean, host: keyof typeof hosts, path: string) => {
    if (!sandbox) return new URL(hosts[host].replace(/\/$/, "") + path);
    return sandboxUrl === undefined ? null : new URL(`/linkedin${path}`, sandboxUrl);
  };
  const appOf = (sandbox: boolean) => {
    const { clientId, clientSecret } = sandbox ? sandboxApp : app;
    return clientId === undefined || clientSecret === undefined ? null : { clientId, clientSecret };
  };

  return {
    async call(caller, { method, path, body, beforeSend }, limits) {
      const url = urlOf(caller.sandbox, "api", path);
      if (url === null) return sandboxUnknown;
      return httpOf(caller.sandbox).request({
        method,
        url,
        headers: {
          authorization: bearer(caller),
          "linkedin-version": version,
          "x-restli-protocol-version": "2.0.0",
          "user-agent": userAgent,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(beforeSend === undefined ? {} : { beforeSend }),
        ...limits,
      });
    },
    async put(caller, { url: address, authorized, type, body }, limits) {
      const url = new URL(address);
      const own = isOwn(url, urlOf(caller.sandbox, "api", "/"));
      return httpOf(caller.sandbox).request({
        method: "PUT",
        url,
        headers: {
          "content-type": type,
          "user-agent": userAgent,
          ...(authorized && own ? { authorization: bearer(caller) } : {}),
        },
        body,
        ...limits,
      });
    },
    async token(sandbox, fields, limits) {
      const url = urlOf(sandbox, "www", "/oauth/v2/accessToken");
      const registration = appOf(sandbox);
      if (url === null) return sandboxUnknown;
      if (registration === null) return appUnknown;
      const { clientId: client_id, clientSecret: client_secret } = registration;
      return httpOf(sandbox).request({
        method: "POST",
        url,
        headers: { "content-type": "application/x-www-form-urlencoded", "user-agent": userAgent },
        body: new URLSearchParams({ ...fields, client_id, client_secret }).toString(),
        ...limits,
      });
    },
    authorizationUrl: (sandbox) => urlOf(sandbox, "www", "/oauth/v2/authorization"),
    app: appOf,
  };
}

const usualUrl = "https://api.linkedin.com";

/** Log-ins have a host of their own; a stand-in has one for all. */
function logInUrl(apiUrl: string): string {
  return new URL(apiUrl).hostname.endsWith("linkedin.com") ? "https://www.linkedin.com" : apiUrl;
}

const sandboxUnknown: HttpResult = { kind: "not_sent", code: misconfiguredCode, message: "SANDBOX_URL is not set" };
const appUnknown: HttpResult = {
  kind: "not_sent",
  code: misconfiguredCode,
  message: "LINKEDIN_CLIENT_ID or LINKEDIN_CLIENT_SECRET is not set",
};

function bearer({ credentials }: Caller): string {
  return `Bearer ${String(credentials["accessToken"])}`;
}

/** Whether a token may go there: to the API's own host, or over TLS to one of LinkedIn's. */
function isOwn(url: URL, api: URL | null): boolean {
  return url.origin === api?.origin || (url.protocol === "https:" && /(^|\.)linkedin\.com$/.test(url.hostname));
}
