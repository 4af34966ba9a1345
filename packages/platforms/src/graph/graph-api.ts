/**
 * One call to the Graph API, which Facebook and Instagram share. The token goes in the `Authorization` header and
 * never into an address, where proxies and logs would keep it. Retries nothing.
 */
import type { ConnectedAccount } from "@punctual/core";
import type { HttpFault, HttpResult } from "../http.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { parseFields } from "../json-answer.ts";
import { sandboxApp } from "../sandbox-app.ts";
import { formBody, type FormFile, type UploadBody } from "../upload-body.ts";
import { appSecretProof } from "./app-secret-proof.ts";
import { readGraphError, type GraphError } from "./error.ts";
import { readUsage, type GraphUsage } from "./usage.ts";
import { createVersionWatch, graphAddress, type GraphAddress } from "./version.ts";

export interface GraphCall {
  method: "GET" | "POST";
  /** Under the version, such as `/4711/feed`. */
  path: string;
  /** In the address: what is asked for, never a secret. */
  query?: Readonly<Record<string, string>>;
  /** Of a POST: as JSON, or as the fields of a form if a file comes along. */
  parameters?: Readonly<Record<string, unknown>>;
  file?: FormFile;
  /** Some paths have no version. */
  unversioned?: boolean;
}

export interface GraphCallContext {
  timeoutMs: number;
  signal: AbortSignal;
  beforeSend?: () => void;
}

export type GraphFailure =
  /** `error` is null where something in between answered. */
  | { kind: "error"; status: number; error: GraphError | null; usage: GraphUsage }
  | ({ kind: "not_sent" } & HttpFault)
  | ({ kind: "lost" } & HttpFault)
  | { kind: "misconfigured"; message: string };

export type GraphResult =
  /** 2xx. The body is empty if it cannot be read. */
  { kind: "answer"; status: number; body: Readonly<Record<string, unknown>>; usage: GraphUsage } | GraphFailure;

export interface GraphApi {
  call(account: ConnectedAccount, call: GraphCall, context: GraphCallContext): Promise<GraphResult>;
  /** Sends bytes to an address the API gave for it; refused if that leads elsewhere. */
  upload(
    account: ConnectedAccount,
    upload: { url: string; headers: Readonly<Record<string, string>>; body: UploadBody },
    context: GraphCallContext,
  ): Promise<GraphResult>;
}

interface Target {
  address: GraphAddress;
  http: PlatformDeps["http"];
  appSecret: string | undefined;
}

/** @param usualUrl where the platform's API is if nothing is configured */
export function createGraphApi(
  deps: PlatformDeps,
  { platform, usualUrl }: { platform: string; usualUrl: string },
): GraphApi {
  const watchVersion = createVersionWatch((facts, message) => deps.logger.warn(facts, message));
  const real = graphAddress(deps.app.apiUrl, usualUrl);

  function targetOf({ sandbox }: ConnectedAccount): Target | null {
    if (!sandbox) return { address: real, http: deps.http, appSecret: deps.app.clientSecret };
    if (deps.sandboxUrl === undefined) return null;
    const address = { base: new URL(`/${platform}`, deps.sandboxUrl).href, version: real.version };
    return { address, http: deps.sandboxHttp, appSecret: sandboxApp.clientSecret };
  }

  function read(result: HttpResult, { address }: Target): GraphResult {
    if (result.kind !== "answer") return result;
    const { status, headers } = result;
    watchVersion(platform, address.version, headers["facebook-api-version"]);
    const body = parseFields(result.body);
    const usage = readUsage(headers);
    if (status >= 200 && status < 300) return { kind: "answer", status, body, usage };
    return { kind: "error", status, error: readGraphError(body), usage };
  }

  return {
    async call(account, call, context) {
      const target = targetOf(account);
      const token = account.credentials["accessToken"];
      if (target === null || typeof token !== "string") return misconfigured;
      const { base, version } = target.address;
      const url = new URL(`${base}${call.unversioned === true ? "" : `/${version}`}${call.path}`);
      const proof = target.appSecret === undefined ? {} : { appsecret_proof: appSecretProof(target.appSecret, token) };
      const query = call.method === "GET" ? { ...call.query, ...proof } : { ...call.query };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      const content = call.method === "GET" ? null : contentOf({ ...call.parameters, ...proof }, call.file);
      const result = await target.http.request({
        method: call.method,
        url,
        headers: {
          accept: "application/json",
          authorization: `Bearer ${token}`,
          "user-agent": "Punctual/1",
          ...(content === null ? {} : { "content-type": content.contentType }),
        },
        ...(content === null ? {} : { body: content.body }),
        ...context,
      });
      return read(result, target);
    },
    async upload(account, { url, headers, body }, context) {
      const target = targetOf(account);
      const token = account.credentials["accessToken"];
      if (target === null || typeof token !== "string") return misconfigured;
      if (!mayTakeUploads(url, target.address)) return { kind: "misconfigured", message: "uploads lead elsewhere" };
      const result = await target.http.request({
        method: "POST",
        url: new URL(url),
        headers: { ...headers, authorization: `OAuth ${token}`, "user-agent": "Punctual/1" },
        body,
        ...context,
      });
      return read(result, target);
    },
  };
}

const misconfigured: GraphResult = { kind: "misconfigured", message: "SANDBOX_URL or the access token is not set" };

function contentOf(parameters: Readonly<Record<string, unknown>>, file: FormFile | undefined) {
  if (file === undefined) return { contentType: "application/json", body: JSON.stringify(parameters) };
  const fields = Object.entries(parameters).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return formBody(Object.fromEntries(fields) as Record<string, string>, file);
}

/** The token goes along, so only to Meta's own upload hosts or to where the API itself is. */
function mayTakeUploads(url: string, { base }: GraphAddress): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, origin } = new URL(url);
  return origin === new URL(base).origin || (protocol === "https:" && hostname.endsWith(".facebook.com"));
}
