/** Meta's log-ins: our registration there, and which host each step goes to. */
import type { HttpClient } from "../http.ts";
import type { PlatformDeps } from "../platform-deps.ts";
import { sandboxApp } from "../sandbox-app.ts";
import { appSecretProof } from "./app-secret-proof.ts";
import { graphAddress } from "./version.ts";

export interface GraphLogInTarget {
  http: HttpClient;
  /** Of the API, without version and trailing slash. */
  base: string;
  version: string;
  clientId: string;
  clientSecret: string;
  /** Meta has other hosts for other steps; a stand-in has one for all. @param host of Meta's */
  logInUrl(host: string): string;
  proofOf(accessToken: string): string;
}

export interface GraphLogIn {
  unavailable(sandbox: boolean): string | null;
  /** Null if nobody can log in on this installation. */
  target(sandbox: boolean): GraphLogInTarget | null;
}

export function createGraphLogIn(
  { http, sandboxHttp, sandboxUrl, app }: PlatformDeps,
  { platform, usualUrl }: { platform: string; usualUrl: string },
): GraphLogIn {
  const real = graphAddress(app.apiUrl, usualUrl);
  const metaHosts = /\.(facebook|instagram)\.com$/;

  function target(sandbox: boolean): GraphLogInTarget | null {
    const { clientId, clientSecret } = sandbox ? sandboxApp : app;
    const base = sandbox ? sandboxUrl && new URL(`/${platform}`, sandboxUrl).href : real.base;
    if (clientId === undefined || clientSecret === undefined || base === undefined) return null;
    const isMeta = metaHosts.test(new URL(base).hostname);
    return {
      http: sandbox ? sandboxHttp : http,
      base,
      version: real.version,
      clientId,
      clientSecret,
      logInUrl: (host) => (isMeta ? `https://${host}` : base),
      proofOf: (accessToken) => appSecretProof(clientSecret, accessToken),
    };
  }

  return {
    target,
    unavailable(sandbox) {
      if (target(sandbox) !== null) return null;
      const name = platform.toUpperCase();
      return sandbox
        ? "SANDBOX_URL is not set on this installation"
        : `${name}_CLIENT_ID and ${name}_CLIENT_SECRET are not set on this installation`;
    },
  };
}
