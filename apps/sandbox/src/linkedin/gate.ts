/** What stands before every call: the token, the version of the API, the protocol's version. */
import type { FastifyRequest } from "fastify";
import type { Answer } from "../answer.ts";
import type { Tokens } from "../tokens/tokens.ts";
import { plainError } from "./errors.ts";

/** The oldest version served, as of November 2026; not read off the clock, or rehearsals would break with time. */
const versionOldest = "202512";

export interface Caller {
  /** The member's id, without its prefix. */
  handle: string;
}

/** Who calls, or LinkedIn's refusal. @param versioned whether the call is one of the versioned API's */
export function passGate(
  request: FastifyRequest,
  { tokens, versioned }: { tokens: Tokens; versioned: boolean },
): Caller | Answer {
  const { authorization = "", "linkedin-version": version } = request.headers;
  const token = /^Bearer (\S+)$/.exec(authorization)?.[1];
  if (token === undefined) return plainError(401, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token", 65_604);
  const bearer = tokens.read("linkedin", token);
  if (bearer.kind !== "valid") {
    return plainError(
      401,
      "REVOKED_ACCESS_TOKEN",
      "The token used in the request has been revoked by the user",
      65_601,
    );
  }
  if (versioned) {
    if (typeof version !== "string") {
      return plainError(
        400,
        "VERSION_MISSING",
        "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
      );
    }
    if (!isActive(version)) return plainError(426, "NONEXISTENT_VERSION", `Requested version ${version} is not active`);
    if (request.headers["x-restli-protocol-version"] !== "2.0.0") {
      return plainError(400, "ILLEGAL_ARGUMENT", "Unsupported protocol version");
    }
  }
  return { handle: bearer.handle };
}

function isActive(version: string): boolean {
  return /^20\d\d(0[1-9]|1[0-2])$/.test(version) && version >= versionOldest;
}
