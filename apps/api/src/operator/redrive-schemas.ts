/** Sending many failed or missed posts again, a pace at a time. */
import { failureCategories } from "@punctual/core";
import { Type, type Static } from "typebox";
import { Id, InstantIn, InstantOut } from "../field-schemas.ts";
import { OperatorPostRow } from "./post-schemas.ts";

const strict = { additionalProperties: false };

export const RedriveFilter = Type.Object(
  {
    status: Type.Optional(Type.Enum(["failed", "missed"], { description: "Left out: both." })),
    companyId: Type.Optional(Id),
    socialAccountId: Type.Optional(Id),
    platform: Type.Optional(Type.String({ maxLength: 100, examples: ["webhook"] })),
    category: Type.Optional(Type.Enum([...failureCategories], { description: "Of the failure." })),
    from: Type.Optional(InstantIn("Scheduled at or after this instant.")),
    to: Type.Optional(InstantIn("Scheduled before this instant.")),
  },
  {
    ...strict,
    title: "RedriveFilter",
    description: "Which posts; an empty filter means all that failed or were missed.",
  },
);
export type RedriveFilter = Static<typeof RedriveFilter>;

export const RedrivePreviewIn = Type.Object(
  { filter: RedriveFilter },
  { ...strict, title: "RedrivePreviewIn", examples: [{ filter: { category: "auth" } }] },
);
export const RedrivePreview = Type.Object(
  {
    count: Type.Integer({ description: "How many posts would be sent again." }),
    sample: Type.Array(OperatorPostRow, { description: "Some of them, the newest." }),
    perAccount: Type.Array(
      Type.Object({
        socialAccountId: Id,
        name: Type.String({ examples: ["Bright Agency"] }),
        platform: Type.String({ examples: ["webhook"] }),
        count: Type.Integer(),
      }),
      { description: "The 50 accounts with the most posts." },
    ),
    accounts: Type.Integer({ description: "How many accounts the posts belong to." }),
    leftOut: Type.Object({
      unconfirmed: Type.Integer({ description: "Posts that fit but may be out already: resolve them first." }),
      accountDeleted: Type.Integer({ description: "Posts that fit but whose account is gone." }),
      accountClosed: Type.Integer({
        description: "Not left out: posts that will be held, because their account is paused or must be reconnected.",
      }),
    }),
    countMax: Type.Integer({ description: "More posts than this are not taken at once: narrow the filter." }),
  },
  { title: "RedrivePreview" },
);

export const RedriveIn = Type.Object(
  {
    filter: RedriveFilter,
    expectedCount: Type.Integer({
      minimum: 1,
      description: "The count that the preview showed; another one is refused with 409.",
    }),
    perAccountPerMinute: Type.Integer({
      minimum: 1,
      maximum: 600,
      description: "How many posts of one account go out in a minute.",
    }),
  },
  {
    ...strict,
    title: "RedriveIn",
    examples: [{ filter: { category: "auth" }, expectedCount: 300, perAccountPerMinute: 10 }],
  },
);

export const Redrive = Type.Object(
  {
    redriveId: Id,
    accepted: Type.Integer({ description: "How many posts wait again." }),
    lastDueAt: InstantOut("When the last of them is due."),
  },
  { title: "Redrive" },
);
