/** Posts of all companies as operators find, read and repair them. */
import { failureCategories, postStatuses } from "@punctual/core";
import { Type, type Static } from "typebox";
import { AnyObject, Id, InstantIn, InstantOut, Nullable } from "../field-schemas.ts";
import { pageFields, pageOf } from "../page.ts";
import { PostOut } from "../posts/schemas.ts";
import { Timeline } from "../posts/timeline.ts";

const strict = { additionalProperties: false };
const statusListPattern = `^(${postStatuses.join("|")})(,(${postStatuses.join("|")}))*$`;
const categoryListPattern = `^(${failureCategories.join("|")})(,(${failureCategories.join("|")}))*$`;

export const OperatorPostQuery = Type.Object(
  {
    q: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 500,
        description: "A post's id, or the id a platform gave it.",
        examples: ["109501"],
      }),
    ),
    companyId: Type.Optional(Id),
    clientId: Type.Optional(Id),
    socialAccountId: Type.Optional(Id),
    status: Type.Optional(
      Type.String({ pattern: statusListPattern, description: "Comma list of states.", examples: ["failed,missed"] }),
    ),
    platform: Type.Optional(Type.String({ maxLength: 100, examples: ["webhook"] })),
    category: Type.Optional(
      Type.String({
        pattern: categoryListPattern,
        description: "Comma list of categories of the latest failure.",
        examples: ["network"],
      }),
    ),
    from: Type.Optional(InstantIn("Scheduled at or after this instant.")),
    to: Type.Optional(InstantIn("Scheduled before this instant.")),
    ...pageFields,
  },
  strict,
);
export type OperatorPostQuery = Static<typeof OperatorPostQuery>;

const failure = PostOut.properties.failure;
const Named = (description: string) =>
  Type.Object({ id: Id, name: Type.String({ examples: ["Bright Agency"] }) }, { description });
const Account = Type.Object({
  id: Id,
  name: Type.String({ examples: ["Bright Agency"] }),
  platform: Type.String({ examples: ["webhook"] }),
  status: Type.Enum(["active", "needs_reconnect"]),
  paused: Type.Boolean(),
  sandbox: Type.Boolean(),
});

const whose = {
  company: Named("Whose post it is."),
  client: Nullable(Named("For which of the company's clients.")),
  socialAccount: Account,
};

const rowSample = {
  examples: [
    {
      id: "0199aa0e-7c1e-7000-8000-5d2f8f8b6a01",
      company: { id: "0199aa0e-7c1e-7000-8000-000000000001", name: "Bright Agency" },
      client: null,
      socialAccount: {
        id: "0199aa0e-7c1e-7000-8000-000000000003",
        name: "Bright news",
        platform: "webhook",
        status: "active",
        paused: false,
        sandbox: false,
      },
      platform: "webhook",
      status: "failed",
      heldReason: null,
      outcomeOpen: false,
      excerpt: "Our new shop opens today.",
      scheduledAt: "2027-03-01T09:00:00.000Z",
      nextAttemptAt: null,
      publishedAt: null,
      latenessMs: null,
      attempts: 5,
      externalId: null,
      externalUrl: null,
      failure: {
        category: "network",
        code: "connection_refused",
        message: "the connection was refused",
        at: "2027-03-01T09:12:00.000Z",
      },
      updatedAt: "2027-03-01T09:12:00.000Z",
    },
  ],
};

export const OperatorPostRow = Type.Object(
  {
    id: Id,
    ...whose,
    platform: Type.String({ examples: ["webhook"] }),
    status: Type.Enum([...postStatuses]),
    heldReason: PostOut.properties.heldReason,
    outcomeOpen: PostOut.properties.outcomeOpen,
    excerpt: Type.String({ description: "The beginning of the text.", examples: ["Our new shop opens today."] }),
    scheduledAt: InstantOut("The instant the post is to go out."),
    nextAttemptAt: PostOut.properties.nextAttemptAt,
    publishedAt: PostOut.properties.publishedAt,
    latenessMs: PostOut.properties.latenessMs,
    attempts: Type.Integer(),
    externalId: PostOut.properties.externalId,
    externalUrl: PostOut.properties.externalUrl,
    failure,
    updatedAt: InstantOut("When the post last changed."),
  },
  { title: "OperatorPostRow", ...rowSample },
);
export type OperatorPostRow = Static<typeof OperatorPostRow>;
export const OperatorPostPage = pageOf(OperatorPostRow);

export const OperatorPost = Type.Object(
  {
    ...whose,
    post: PostOut,
    requestId: Nullable(
      Type.String({
        description: "The request that last accepted a revision.",
        examples: ["0199aa0e-7c1e-7000-8000-1f6c9f0a1b2c"],
      }),
    ),
    confirmAt: Nullable(InstantOut("When the platform is read next about a lost answer."), {
      description: "Null: it is not, or not any more.",
    }),
    confirmCount: Type.Integer({ description: "How often the platform was read in vain." }),
    job: Type.Object({
      id: Type.String({
        description: "The job that stands, or last stood, for the post.",
        examples: ["0199aa0e-7c1e-7000-8000-5d2f8f8b6a01_1_0"],
      }),
      queue: Type.String({ examples: ["publish-webhook"] }),
      boardUrl: Type.String({
        description: "Where Bull Board shows it, if Redis still has it.",
        examples: ["/queues/queue/publish-webhook/0199aa0e-7c1e-7000-8000-5d2f8f8b6a01_1_0"],
      }),
    }),
    actions: Type.Array(Type.Enum(["cancel", "retry", "resolve", "reschedule"]), {
      description: "What could be done with the post as it is now.",
    }),
  },
  { title: "OperatorPost" },
);
export type OperatorPost = Static<typeof OperatorPost>;

const JobMoment = Type.Object(
  {
    at: InstantOut("When it was looked at."),
    type: Type.Literal("job"),
    job: Type.Object({
      id: Type.String({ examples: ["0199aa0e-7c1e-7000-8000-5d2f8f8b6a01_1_0"] }),
      state: Type.String({
        description: "As BullMQ has it: delayed, waiting, active, completed, failed; unknown: not in Redis.",
        examples: ["delayed"],
      }),
      attemptsMade: Nullable(Type.Integer()),
      failedReason: Nullable(Type.String({ examples: ["network: connection_refused"] })),
      boardUrl: Type.String({ examples: ["/queues/queue/publish-webhook/0199aa0e-7c1e-7000-8000-5d2f8f8b6a01_1_0"] }),
    }),
  },
  { title: "JobMoment" },
);

const ActionMoment = Type.Object(
  {
    at: InstantOut("When it was done."),
    type: Type.Literal("operator.action"),
    action: Type.String({ examples: ["post.retry"] }),
    user: Type.String({ examples: ["operator"] }),
    outcome: Nullable(Type.String({ examples: ["done"] }), { description: "Null: it was broken off." }),
    requestId: Type.String({ examples: ["0199aa0e-7c1e-7000-8000-1f6c9f0a1b2c"] }),
    detail: AnyObject(),
  },
  { title: "ActionMoment" },
);

export const OperatorTimeline = Type.Object(
  {
    data: Type.Array(Type.Union([Timeline.properties.data.items, ActionMoment, JobMoment]), {
      description:
        "Oldest first: the client's timeline and what operators did; last, on the last page, the job as Redis has it now.",
    }),
    nextCursor: Timeline.properties.nextCursor,
  },
  { title: "OperatorTimeline" },
);
export type OperatorTimeline = Static<typeof OperatorTimeline>;

export const RescheduleIn = Type.Object(
  { scheduledAt: InstantIn("The new instant; not more than 60 seconds in the past.") },
  { ...strict, title: "RescheduleIn" },
);

export const UnconfirmedRow = Type.Object(
  {
    ...OperatorPostRow.properties,
    unconfirmedAt: InstantOut("Since when nobody knows."),
    confirmAt: OperatorPost.properties.confirmAt,
    confirmCount: OperatorPost.properties.confirmCount,
    shown: Nullable(
      Type.String({
        description: "What reading the platform last showed.",
        examples: ["the listing does not show it"],
      }),
    ),
    sentAt: Nullable(InstantOut("When the request left whose answer was lost.")),
  },
  {
    title: "UnconfirmedRow",
    examples: [
      {
        ...rowSample.examples[0],
        status: "unconfirmed",
        unconfirmedAt: "2027-03-01T09:00:02.000Z",
        confirmAt: null,
        confirmCount: 7,
        shown: "the listing does not show it",
        sentAt: "2027-03-01T09:00:00.012Z",
      },
    ],
  },
);
export type UnconfirmedRow = Static<typeof UnconfirmedRow>;
export const UnconfirmedPage = pageOf(UnconfirmedRow);
