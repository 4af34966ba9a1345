/**
 * Which browser it is: a random cookie that no other browser has, and no other site can make ours send with a form. A
 * connection belongs to the browser that went on with it, so a link or a log-in that is handed on is worth nothing.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";

const cookieLifeSeconds = 900;
const secretPattern = /^[A-Za-z0-9_-]{43}$/;

/** The browser's secret; null if it has none of ours. */
export function browserOf(request: FastifyRequest, baseUrl: string): string | null {
  const name = cookieName(baseUrl);
  for (const pair of (request.headers.cookie ?? "").split(";")) {
    const [key, value = ""] = pair.trim().split("=", 2);
    if (key === name && secretPattern.test(value)) return value;
  }
  return null;
}

/** Gives the browser its secret, or a longer life to the one it has. */
export function knowBrowser(request: FastifyRequest, reply: FastifyReply, baseUrl: string): string {
  const secret = browserOf(request, baseUrl) ?? randomBytes(32).toString("base64url");
  const secure = isSecure(baseUrl) ? "; Secure" : "";
  reply.header(
    "set-cookie",
    `${cookieName(baseUrl)}=${secret}; Path=/connect; Max-Age=${cookieLifeSeconds}; HttpOnly; SameSite=Lax${secure}`,
  );
  return secret;
}

/** Stands in every form of ours, and shows that it was ours. */
export function formProof(browser: string, connectionId: string): string {
  return createHash("sha256").update(`form\n${browser}\n${connectionId}`).digest("base64url");
}

export function isProof(given: string | undefined, browser: string, connectionId: string): boolean {
  const expected = Buffer.from(formProof(browser, connectionId));
  const bytes = Buffer.from(given ?? "");
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}

/** Whether another site made the browser send this. Old browsers do not say; the cookie and the proof cover those. */
export function isFromElsewhere({ headers }: FastifyRequest): boolean {
  const site = headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin";
}

function cookieName(baseUrl: string): string {
  return isSecure(baseUrl) ? "__Secure-punctual-connect" : "punctual-connect";
}

function isSecure(baseUrl: string): boolean {
  return baseUrl.startsWith("https:");
}
