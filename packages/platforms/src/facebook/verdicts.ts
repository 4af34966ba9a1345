/** What Facebook adds to the errors all of the Graph API shares. Its subcodes are not documented: seen in the wild. */
import type { GraphVerdicts } from "../graph/verdict.ts";

export const facebookVerdicts: GraphVerdicts = {
  "/1366051": "duplicate",
  // Too large, of a wrong format, or damaged.
  "/1366046": "rejected",
  "/2069019": "rejected",
  "6000": "rejected",
  // The link's page cannot be read.
  "1609005": "rejected",
  "/1609005": "rejected",
  "/1609010": "transient",
  "1363047": "transient",
  "/1363047": "transient",
  "/1404006": "rejected",
  "/1404102": "rejected",
  "/1404112": "rejected",
  "/1346003": "rejected",
};
