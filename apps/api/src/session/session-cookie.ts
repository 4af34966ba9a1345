/** The cookie of a session: out of reach of scripts, sent to us alone, and only along with requests of our own pages. */

const cookieName = "punctual_session";
const pattern = new RegExp(`(?:^|;\\s*)${cookieName}=([A-Za-z0-9_-]{43})(?:;|$)`);

/** The token in a request's cookies; null: there is none. */
export function sessionCookieOf(cookies: string | undefined): string | null {
  return pattern.exec(cookies ?? "")?.[1] ?? null;
}

/** @param secure whether browsers come over TLS: then the cookie goes no other way */
export function sessionCookie(token: string, { secure, maxAgeMs }: { secure: boolean; maxAgeMs: number }): string {
  const attributes = ["Path=/", `Max-Age=${Math.floor(maxAgeMs / 1_000)}`, "HttpOnly", "SameSite=Strict"];
  return [`${cookieName}=${token}`, ...attributes, ...(secure ? ["Secure"] : [])].join("; ");
}

/** Makes the browser forget it. */
export function noSessionCookie({ secure }: { secure: boolean }): string {
  return sessionCookie("", { secure, maxAgeMs: 0 });
}
