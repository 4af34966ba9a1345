/** Why an account cannot be connected or changed, as HTTP. */
import type { ValidationIssue } from "@punctual/core";
import { ProblemError } from "../problem.ts";

export const unknownClientSample = {
  unknown_client: {
    detail: "There is no such client.",
    issues: [{ path: "/clientId", code: "unknown_client", message: "there is no such client" }],
  },
};

export const refusedAccountSample = {
  invalid_social_account: {
    detail: "The account cannot be connected like this, see errors.",
    issues: [{ path: "/credentials/accessToken", code: "required", message: "is missing" }],
  },
};

export function unknownClient(): ProblemError {
  const issue = { path: "/clientId", code: "unknown_client", message: "there is no such client" };
  return new ProblemError(404, "unknown_client", "There is no such client.", { issues: [issue] });
}

export function refusedAccount(issues: readonly ValidationIssue[]): ProblemError {
  const detail = "The account cannot be connected like this, see errors.";
  return new ProblemError(422, "invalid_social_account", detail, { issues });
}
