/** The Graph API's one shape of an error, and what a commanded status says in it. */
import { randomBytes } from "node:crypto";
import type { Answer } from "../answer.ts";

export interface GraphErrorFields {
  code: number;
  subcode?: number;
  message: string;
  isTransient?: boolean;
}

export function graphError(status: number, { code, subcode, message, isTransient = false }: GraphErrorFields): Answer {
  const type = code === 190 || code === 102 || code === 10 ? "OAuthException" : "GraphMethodException";
  const body = {
    error: {
      message,
      type,
      code,
      ...(subcode === undefined ? {} : { error_subcode: subcode }),
      is_transient: isTransient,
      fbtrace_id: randomBytes(8).toString("base64url"),
    },
  };
  return { status, body };
}

/** The error that goes with a status nobody gave a body for. @param throttledCode of the platform's own limit */
export function describeError(throttledCode: number): (status: number) => unknown {
  return (status) => graphError(status, commanded(status, throttledCode)).body;
}

function commanded(status: number, throttledCode: number): GraphErrorFields {
  if (status === 401) return revoked;
  if (status === 403) return { code: 200, message: "Permissions error" };
  if (status === 404) return missing;
  if (status === 429) return { code: throttledCode, message: "There have been too many calls to this account." };
  if (status >= 500) return { code: 2, message: "An unexpected error has occurred.", isTransient: true };
  return { code: 100, message: `Invalid parameter (commanded to answer ${status})` };
}

export const revoked: GraphErrorFields = {
  code: 190,
  subcode: 460,
  message: "Error validating access token: the session has been invalidated.",
};

export const missing: GraphErrorFields = {
  code: 100,
  subcode: 33,
  message: "Object does not exist, cannot be loaded due to missing permissions, or does not support this operation.",
};

export function invalidParameter(message: string, subcode?: number): Answer {
  return graphError(400, { code: 100, message: `(#100) ${message}`, ...(subcode === undefined ? {} : { subcode }) });
}
