/** Why posts are not accepted, as documented. */
import { orItsOnlyFault, problems } from "../answer.ts";
import { unknownAccountCode } from "./post-draft.ts";

const unknownAccount = {
  [unknownAccountCode]: {
    detail: "There is no such social account.",
    issues: [{ path: "/socialAccountId", code: unknownAccountCode, message: "there is no such social account" }],
  },
};

/** Of a post's content and time. */
export const contentRefusals = {
  invalid_post: {
    detail: "This cannot be done, see errors.",
    issues: [
      { path: "/text", code: "text_too_long", message: "must have at most 500 characters" },
      { path: "/scheduledAt", code: "scheduled_in_past", message: "is more than 60 s in the past" },
    ],
  },
  scheduled_in_past: {
    detail: "/scheduledAt: 2026-11-23T09:00:00.000Z is more than 60 s in the past",
    issues: [
      {
        path: "/scheduledAt",
        code: "scheduled_in_past",
        message: "2026-11-23T09:00:00.000Z is more than 60 s in the past",
      },
    ],
  },
  [orItsOnlyFault]: "",
};

const { 409: running } = problems({
  409: { idempotency_key_in_use: "A request under this Idempotency-Key is still running; try again." },
});

export const scheduleRefusals = {
  409: { ...running, answerHeaders: ["Retry-After"] as const },
  ...problems({
    404: unknownAccount,
    422: {
      ...contentRefusals,
      idempotency_key_reused: "This Idempotency-Key was used for another request body before.",
    },
    503: { account_changing: "The social account is changing too fast; try again." },
  }),
};
