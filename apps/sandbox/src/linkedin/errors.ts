/** LinkedIn's two shapes of an error: a plain one, and one whose details name the fields at fault. */
import type { Answer } from "../answer.ts";

export function plainError(status: number, code: string, message: string, serviceErrorCode = 100): Answer {
  return { status, body: { status, serviceErrorCode, code, message } };
}

export function inputError(status: number, code: string, field: string, description: string): Answer {
  return {
    status,
    body: {
      errorDetailType: "com.linkedin.common.error.BadRequest",
      code: status === 422 ? "UNPROCESSABLE_ENTITY" : "BAD_REQUEST",
      message: description,
      errorDetails: { inputErrors: [{ description, input: { inputPath: { fieldPath: field } }, code }] },
      status,
    },
  };
}

/** What a commanded status says. */
export function describeError(status: number): unknown {
  const known: Readonly<Record<number, readonly [code: string, message: string]>> = {
    401: ["REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user"],
    403: ["ACCESS_DENIED", "Not enough permissions to access: this resource"],
    426: ["NONEXISTENT_VERSION", "Requested version is not active"],
    429: ["TOO_MANY_REQUESTS", "Resource level throttle MEMBER DAY limit for calls to this resource is reached."],
  };
  const [code, message] = known[status] ?? ["INTERNAL_SERVER_ERROR", `commanded to answer ${status}`];
  return plainError(status, code, message).body;
}
