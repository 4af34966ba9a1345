/** What scheduling came to, as HTTP. */
import type { ValidationIssue } from "@punctual/core";
import type { FastifyReply } from "fastify";
import { ProblemError } from "../problem.ts";
import { changingTooFast } from "../rounds.ts";
import { unknownAccountCode } from "./post-draft.ts";
import type { ScheduleResult } from "./schedule-posts.ts";

/** Sends the stored bytes, not a copy made anew, so that a replay is the first answer to the letter. */
export function sendScheduled(reply: FastifyReply, result: ScheduleResult): FastifyReply {
  switch (result.kind) {
    case "accepted":
    case "replayed": {
      const { statusCode, location, response } = result.answer;
      if (location !== null) reply.header("location", location);
      if (result.kind === "replayed") reply.header("idempotent-replayed", "true");
      return reply.code(statusCode).type("application/json; charset=utf-8").send(response);
    }
    case "key_reused": {
      const detail = "This Idempotency-Key was used for another request body before.";
      throw new ProblemError(422, "idempotency_key_reused", detail);
    }
    case "refused":
      throw refusal(result.issues);
    case "key_in_use": {
      const detail = "A request under this Idempotency-Key is still running; try again.";
      throw new ProblemError(409, "idempotency_key_in_use", detail, { headers: { "retry-after": "1" } });
    }
    case "contended":
      throw changingTooFast("account_changing", "social account");
  }
}

/** One fault gives the problem its code; several different ones are told apart in `errors` only. */
export function refusal(issues: readonly ValidationIssue[]): ProblemError {
  const codes = new Set(issues.map(({ code }) => code));
  const [code = "invalid_post"] = codes;
  if (codes.size === 1 && code === unknownAccountCode) {
    return new ProblemError(404, code, "There is no such social account.", { issues });
  }
  const detail = issues.length === 1 ? `${issues[0]?.path}: ${issues[0]?.message}` : "This cannot be done, see errors.";
  return new ProblemError(422, codes.size === 1 ? code : "invalid_post", detail, { issues });
}
