/** What stands before every call: a token that was not revoked, and the proof of the app's secret if one is given. */
import { createHmac } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Answer } from "../answer.ts";
import type { Tokens } from "../tokens/tokens.ts";
import { graphError, revoked } from "./errors.ts";
import type { Parameters } from "./parameters.ts";

/** Of our registration at every stand-in; fixed, so that proofs can be checked. */
export const sandboxAppSecret = "punctual-sandbox-secret";

export interface Caller {
  /** Who the token was given to. */
  handle: string;
}

/** Who calls, or the refusal. */
export function passGate(
  request: FastifyRequest,
  parameters: Parameters,
  { tokens, platform }: { tokens: Tokens; platform: string },
): Caller | Answer {
  const fromHeader = /^(?:Bearer|OAuth) (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
  const token = fromHeader ?? parameters.text("access_token");
  if (token === undefined || token === "") {
    return graphError(400, { code: 2500, message: "An active access token must be used to query information." });
  }
  const bearer = tokens.read(platform, token);
  if (bearer.kind !== "valid") return graphError(401, revoked);
  const proof = parameters.text("appsecret_proof");
  if (proof !== undefined && proof !== createHmac("sha256", sandboxAppSecret).update(token).digest("hex")) {
    return graphError(400, { code: 100, message: "Invalid appsecret_proof provided in the API argument" });
  }
  return { handle: bearer.handle };
}
