/** Session tokens as AT Protocol's servers make them: JWTs that say whose they are and when they end. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { fieldsOf } from "../ledger/content.ts";

export interface SessionClaims {
  scope: "com.atproto.access" | "com.atproto.refresh";
  /** The account's DID. */
  sub: string;
  /** The sandbox's own token behind it, by which it is revoked. */
  token: string;
  /** Tells refresh tokens apart. */
  jti: string;
  /** Seconds since 1970. */
  iat: number;
  exp: number;
}

export const accessLifeSeconds = 7_200;
export const refreshLifeSeconds = 7_776_000;

/** Fixed: tokens outlive the sandbox's process, as they outlive a server's. */
const signingKey = "punctual-sandbox";

export function signSession(claims: SessionClaims): string {
  const typ = claims.scope === "com.atproto.access" ? "at+jwt" : "refresh+jwt";
  const head = encode({ typ, alg: "HS256" });
  const body = encode(claims);
  return `${head}.${body}.${signatureOf(`${head}.${body}`)}`;
}

/** @returns null if it is no token of ours */
export function readSession(token: string): SessionClaims | null {
  const [head, body, signature, ...more] = token.split(".");
  if (head === undefined || body === undefined || signature === undefined || more.length > 0) return null;
  const expected = signatureOf(`${head}.${body}`);
  if (expected.length !== signature.length || !timingSafeEqual(Buffer.from(expected), Buffer.from(signature))) {
    return null;
  }
  return fieldsOf(JSON.parse(Buffer.from(body, "base64url").toString("utf8"))) as unknown as SessionClaims;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function signatureOf(text: string): string {
  return createHmac("sha256", signingKey).update(text).digest("base64url");
}
