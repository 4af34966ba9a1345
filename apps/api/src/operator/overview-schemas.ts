/** How the installation is doing, as its operators see it: the overview, its reasons in words, and the charts. */
import { failureCategories } from "@punctual/core";
import { Type, type Static } from "typebox";
import { Id, InstantOut, Nullable } from "../field-schemas.ts";

const Count = (description: string) => Type.Integer({ minimum: 0, description });
const Milliseconds = (description: string) =>
  Nullable(Type.Number({ description }), { description: "Null: nothing to measure." });

const Reason = Type.Object({
  code: Type.String({ description: "For programs; stable.", examples: ["no_worker"] }),
  severity: Type.Enum(["down", "degraded", "notice"], {
    description: "What it makes of the state; a notice changes nothing and asks for a person.",
  }),
  message: Type.String({
    description: "For people: what is wrong, and what to do.",
    examples: ["Posts for webhook are due and no worker publishes there: start one."],
  }),
});

const ServiceState = Type.Object({
  state: Type.Enum(["up", "degraded", "down", "unknown"]),
  detail: Nullable(Type.String({ description: "For people.", examples: ["Version 8.2.1."] })),
});

const Worker = Type.Object({
  id: Type.String({ description: "As in attempts and logs.", examples: ["worker-1-4711"] }),
  host: Type.String({ examples: ["worker-1"] }),
  version: Type.String({ examples: ["0.1.0"] }),
  platforms: Type.Array(Type.String({ examples: ["webhook"] })),
  concurrency: Type.Integer({ description: "Posts at a time, per queue." }),
  running: Count("Posts it is publishing now."),
  startedAt: InstantOut("When the process started."),
  lastSeenAt: InstantOut("Its last sign of life; one comes every 5 seconds."),
  state: Type.Enum(["live", "stopping", "silent"], { description: "silent: no sign of life for 15 seconds." }),
});

const Queue = Type.Object({
  queue: Type.String({ examples: ["publish-webhook"] }),
  waiting: Count("Jobs that are due and not taken."),
  active: Count("Jobs that are being worked on."),
  delayed: Count("Jobs whose time has not come."),
  failed: Count("Failed jobs that are kept to be looked at."),
  probeAgeMs: Nullable(Type.Number({ description: "How long ago a probe job last came through, in milliseconds." }), {
    description: "Null: none was seen by a live worker.",
  }),
});

export const Overview = Type.Object(
  {
    at: InstantOut("When these figures were read."),
    state: Type.Enum(["healthy", "degraded", "down"]),
    reasons: Type.Array(Reason, { description: "Why, the most severe first; empty: nothing is wrong." }),
    posts: Type.Object({
      waiting: Count("Scheduled or retrying."),
      dueIn1m: Count("Waiting and due within a minute, overdue ones included."),
      dueIn5m: Count("The same within 5 minutes."),
      dueIn15m: Count("The same within 15 minutes."),
      overdue: Count("Waiting, due for more than 5 seconds, and nothing stands in their way."),
      publishing: Count("Held by a worker."),
      retrying: Count("Waiting for their next attempt."),
      unconfirmed: Count("Whose answer was lost; the platform or a person must tell."),
      held: Count("Whose account is paused or must be reconnected."),
      limited: Count("Waiting for a rate limit."),
      failed24h: Count("Failed within 24 hours, and still so."),
      missed24h: Count("Missed within 24 hours, and still so."),
    }),
    today: Type.Object({
      since: InstantOut("The beginning of the day, in UTC."),
      accepted: Count("Posts accepted since."),
      published: Count("Posts published since."),
    }),
    successRate24h: Nullable(
      Type.Number({ minimum: 0, maximum: 1, description: "Published of all that ended in 24 hours." }),
      {
        description: "Null: nothing ended.",
      },
    ),
    lastError: Nullable(
      Type.Object({
        category: Type.Enum([...failureCategories]),
        code: Type.String({ examples: ["connection_refused"] }),
        message: Type.String({ examples: ["the connection was refused"] }),
        at: InstantOut("When it happened."),
        postId: Id,
        platform: Type.String({ examples: ["webhook"] }),
      }),
    ),
    lateness: Type.Object({
      windowMinutes: Type.Integer(),
      published: Count("Posts published in that time."),
      p50Ms: Milliseconds("Half of them were no later than this, in milliseconds."),
      p99Ms: Milliseconds("99 of 100 were no later than this, in milliseconds."),
      maxMs: Milliseconds("None was later than this, in milliseconds."),
    }),
    services: Type.Object({
      postgres: ServiceState,
      redis: ServiceState,
      retry: ServiceState,
      maintenance: ServiceState,
    }),
    workers: Type.Array(Worker, { description: "Heard of within 10 minutes, live ones first." }),
    failures: Type.Array(
      Type.Object({
        platform: Type.String({ examples: ["webhook"] }),
        category: Type.Enum([...failureCategories]),
        count24h: Count("Attempts that ended so within 24 hours."),
      }),
      { description: "The most frequent first." },
    ),
    queues: Nullable(Type.Array(Queue), { description: "Null: Redis does not answer." }),
  },
  { title: "Overview" },
);
export type Overview = Static<typeof Overview>;

export const SeriesQuery = Type.Object(
  {
    minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_440, description: "How far back, 60 if left out." })),
    step: Type.Optional(
      Type.Integer({
        minimum: 60,
        maximum: 3_600,
        multipleOf: 60,
        description: "Seconds a point stands for, 60 if left out.",
      }),
    ),
  },
  { additionalProperties: false },
);

export const Series = Type.Object(
  {
    from: InstantOut("The beginning of the first point."),
    stepSeconds: Type.Integer(),
    points: Type.Array(
      Type.Object({
        at: InstantOut("The beginning of the point."),
        published: Count("Posts published."),
        failed: Count("Posts that failed or were missed."),
        latenessP50Ms: Milliseconds("Of the posts published, in milliseconds."),
        latenessP99Ms: Milliseconds("Of the posts published, in milliseconds."),
        latenessMaxMs: Milliseconds("Of the posts published, in milliseconds."),
      }),
      { description: "Oldest first, without gaps; the last one is still growing." },
    ),
  },
  { title: "Series" },
);
export type Series = Static<typeof Series>;
