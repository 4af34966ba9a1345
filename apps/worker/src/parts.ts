/**
 * The parts of a worker on which the promise rests, in one place, so that the chaos suite can swap one for a broken
 * one in its own entry point and see that it notices. The shipped worker is always made of these.
 */
import { claimPost, raiseGenerations, recordLateSuccess } from "@punctual/db";
import { createRebuilder } from "./maintenance/rebuilder.ts";
import { createStager } from "./maintenance/stager.ts";
import { claimTerms } from "./publish/claim.ts";

export const shippedParts = {
  claimPost,
  claimTerms,
  recordLateSuccess,
  createStager,
  createRebuilder,
  raiseGenerations,
};

export type WorkerParts = typeof shippedParts;
