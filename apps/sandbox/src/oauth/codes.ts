/** Authorization codes: each is good once, for ten minutes of the sandbox's clock, and for what it was given for. */
import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../clock/clock.ts";

export interface Grant {
  clientId: string;
  redirectUri: string;
  scope: string;
  handle: string;
  /** Of PKCE, method S256; null: the log-in came without. */
  codeChallenge: string | null;
}

export type Redeemed = { kind: "granted"; grant: Grant } | { kind: "refused"; why: string };

export interface Codes {
  issue(grant: Grant): string;
  /** Spends a code, if everything fits. */
  redeem(claim: {
    code: string | undefined;
    clientId: string | undefined;
    redirectUri: string | undefined;
    codeVerifier?: string | undefined;
  }): Redeemed;
  clear(): void;
}

const lifeMs = 600_000;
const codesMax = 10_000;

export function createCodes({ clock }: { clock: Clock }): Codes {
  const issued = new Map<string, Grant & { untilMs: number }>();
  return {
    issue(grant) {
      const [oldest] = issued.keys();
      if (issued.size >= codesMax && oldest !== undefined) issued.delete(oldest);
      const code = randomBytes(24).toString("base64url");
      issued.set(code, { ...grant, untilMs: clock.now() + lifeMs });
      return code;
    },
    redeem({ code, clientId, redirectUri, codeVerifier }) {
      const grant = issued.get(code ?? "");
      if (grant === undefined) return { kind: "refused", why: "the code is unknown or was used" };
      // Whoever comes with the wrong proof spends it, too.
      issued.delete(code ?? "");
      if (clock.now() > grant.untilMs) return { kind: "refused", why: "the code has expired" };
      if (clientId !== grant.clientId) return { kind: "refused", why: "the code is another application's" };
      if (redirectUri !== grant.redirectUri)
        return { kind: "refused", why: "redirect_uri is not the one of the log-in" };
      if (grant.codeChallenge !== null && challengeOf(codeVerifier) !== grant.codeChallenge) {
        return { kind: "refused", why: "code_verifier does not fit" };
      }
      return { kind: "granted", grant };
    },
    clear: () => issued.clear(),
  };
}

function challengeOf(codeVerifier: string | undefined): string {
  return createHash("sha256")
    .update(codeVerifier ?? "")
    .digest("base64url");
}
