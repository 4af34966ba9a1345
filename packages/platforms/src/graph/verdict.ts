/**
 * What an error of the Graph API means, by code and subcode, for calls that show readers nothing: there it is proof
 * that nothing was published. A call that publishes is another matter, since posts were seen live behind 4xx and 5xx
 * answers: see `fault.ts`.
 * Meta, "Handle errors" (codes) and "Error codes" of content publishing; subcodes marked so were only seen in the wild.
 */
import type { GraphError } from "./error.ts";

export type GraphVerdict =
  /** May pass by itself. */
  | "transient"
  /** Too many calls of this account, or of our whole app. */
  | "limited"
  | "app_limited"
  /** Blocked for too much activity: for hours. */
  | "blocked"
  | "auth"
  | "permission"
  | "rejected"
  | "duplicate";

/** Keys: `code/subcode`, `/subcode` whatever the code, or `code`, looked for in this order. */
export type GraphVerdicts = Readonly<Record<string, GraphVerdict>>;

/** @param own what the platform adds or says differently */
export function verdictOf(
  { code, subcode, isTransient }: GraphError,
  status: number,
  own: GraphVerdicts,
): GraphVerdict {
  const mayPass = isTransient || status >= 500;
  for (const key of [`${code}/${subcode}`, `/${subcode}`, `${code}`]) {
    const known = own[key] ?? shared[key];
    // No content is given up for a trouble that Meta itself says will pass.
    if (known !== undefined) return known === "rejected" && mayPass ? "transient" : known;
  }
  if (code >= 80_000 && code <= 80_099) return "limited";
  if (mayPass) return "transient";
  if (code >= 200 && code <= 299) return "permission";
  // Nothing is known of it: a person reads the reason once trying again was in vain.
  return "transient";
}

const shared: GraphVerdicts = {
  "1": "transient",
  "2": "transient",
  "4": "app_limited",
  "17": "limited",
  "32": "limited",
  "341": "limited",
  "613": "limited",
  "3": "permission",
  "10": "permission",
  "102": "auth",
  "190": "auth",
  // Missing, or not visible yet: fresh objects were seen answering so (an outage in 2026). Never proof of anything.
  "100/33": "transient",
  "100": "rejected",
  "368": "rejected",
  // Posting too fast; seen.
  "368/1390008": "blocked",
  // Identity must be confirmed; seen.
  "368/4854002": "permission",
  // Posted already; seen.
  "368/1404082": "duplicate",
  "506": "duplicate",
};
