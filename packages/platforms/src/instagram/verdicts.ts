/** What Instagram adds to the errors all of the Graph API shares. Meta, "Error codes" of content publishing. */
import type { GraphVerdicts } from "../graph/verdict.ts";

export const instagramVerdicts: GraphVerdicts = {
  // Fetching the media took too long, or it could not be fetched; seen to pass.
  "/2207003": "transient",
  "/2207052": "transient",
  "9004": "transient",
  "/2207077": "transient",
  "/2207082": "transient",
  // The media or the container has expired, or failed: it must be made anew.
  "/2207020": "transient",
  "/2207001": "transient",
  "/2207032": "transient",
  "/2207053": "transient",
  "-1": "transient",
  "-2": "transient",
  // Not found: expired, or not copied everywhere yet.
  "/2207006": "transient",
  "/2207008": "transient",
  "24": "transient",
  // Not ready to be published.
  "/2207027": "transient",
  "9007": "transient",
  // Taken for spam. Posts were live behind this answer.
  "4/2207051": "blocked",
  // The quota of the day is used up.
  "/2207042": "limited",
  "9": "limited",
  "/2207050": "permission",
  "25": "permission",
  "/2207057": "rejected",
  "/2207023": "rejected",
  "/2207026": "rejected",
  "352": "rejected",
  "/2207028": "rejected",
  "/2207035": "rejected",
  "/2207036": "rejected",
  "/2207037": "rejected",
  "/2207040": "rejected",
  "/2207004": "rejected",
  "/2207005": "rejected",
  "/2207009": "rejected",
  "/2207010": "rejected",
  "/2207081": "rejected",
  "36000": "rejected",
  "36001": "rejected",
  "36003": "rejected",
  "36004": "rejected",
};
