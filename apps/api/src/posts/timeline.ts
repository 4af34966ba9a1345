/**
 * Everything that happened to a post, in order: its events, and each attempt as the moments it had (started, sending,
 * ended). Both carry the database's clock in whole milliseconds, so ties are common: what an attempt did comes before
 * the event that says what followed from it, and after the events that led to it.
 */
import { eventTypes, type EventType } from "@punctual/core";
import type { AttemptRecord, EventRecord, PostHistory } from "@punctual/db";
import { Type, type Static } from "typebox";
import { EventData } from "../events/event-data.ts";
import { InstantOut, Nullable } from "../field-schemas.ts";

const EventEntry = Type.Object(
  {
    at: InstantOut("When it happened."),
    type: Type.Enum([...eventTypes]),
    requestId: Nullable(Type.String({ description: "The API request behind it." })),
    data: EventData,
  },
  {
    title: "TimelineEvent",
    examples: [
      {
        at: "2026-11-23T09:00:00.000Z",
        type: "post.scheduled",
        requestId: "0199aa0e-7c1e-7000-8000-1f6c9f0a1b2c",
        data: { status: "scheduled", revision: 1, scheduledAt: "2026-12-01T08:30:00.000Z" },
      },
    ],
  },
);

const attemptMoments = ["attempt.started", "attempt.sending", "attempt.ended"] as const;

const AttemptEntry = Type.Object(
  {
    at: InstantOut("When it happened."),
    type: Type.Enum([...attemptMoments], {
      description:
        "started: a worker took the post; sending: just before the irreversible call; ended: what came of it.",
    }),
    attempt: Type.Object({
      number: Type.Integer(),
      revision: Type.Integer({ description: "The revision of the post that was tried." }),
      worker: Type.String(),
      outcome: Nullable(Type.String(), { description: "Null until the attempt has ended." }),
      category: Nullable(Type.String()),
      code: Nullable(Type.String()),
      message: Nullable(Type.String()),
      httpStatus: Nullable(Type.Integer()),
      externalId: Nullable(Type.String()),
      externalUrl: Nullable(Type.String()),
    }),
  },
  {
    title: "AttemptMoment",
    examples: [
      {
        at: "2026-12-01T08:30:00.124Z",
        type: "attempt.ended",
        attempt: {
          number: 1,
          revision: 1,
          worker: "worker-1-4711",
          outcome: "published",
          category: null,
          code: null,
          message: null,
          httpStatus: 200,
          externalId: "42",
          externalUrl: "https://example.com/42",
        },
      },
    ],
  },
);

export const Timeline = Type.Object(
  {
    data: Type.Array(Type.Union([EventEntry, AttemptEntry]), { description: "Oldest first." }),
    nextCursor: Nullable(Type.String(), {
      description: "Asks for the next page; null: this is all that has happened so far.",
      examples: [null],
    }),
  },
  { title: "Timeline" },
);
export type Timeline = Static<typeof Timeline>;
export type TimelineEntry = Timeline["data"][number];
type EventEntry = Static<typeof EventEntry>;
type AttemptEntry = Static<typeof AttemptEntry>;

/**
 * Merges a post's events and attempts. Pure.
 *
 * @param momentsTold how many moments of the first attempt to leave out, because they were told before
 */
export function toTimeline({ events, attempts }: PostHistory, momentsTold = 0): TimelineEntry[] {
  const moments = attempts.flatMap(toMoments).slice(momentsTold);
  const entries: TimelineEntry[] = [];
  let next = 0;
  for (const event of events.map(toEventEntry)) {
    for (let moment = moments[next]; moment !== undefined && !comesFirst(event, moment); moment = moments[next]) {
      entries.push(moment);
      next += 1;
    }
    entries.push(event);
  }
  return [...entries, ...moments.slice(next)];
}

/** What follows from an attempt. */
const consequences: ReadonlySet<string> = new Set<EventType>([
  "post.retrying",
  "post.published",
  "post.failed",
  "post.unconfirmed",
  "post.held",
]);

function comesFirst(event: EventEntry, moment: AttemptEntry): boolean {
  if (event.at !== moment.at) return event.at < moment.at;
  return moment.type !== "attempt.ended" && !consequences.has(event.type);
}

function toEventEntry({ type, data, requestId, createdAt }: EventRecord): EventEntry {
  return { at: createdAt.toISOString(), type: type as EventType, requestId, data };
}

function toMoments(record: AttemptRecord): AttemptEntry[] {
  const { number, revision, worker, startedAt, sentAt, endedAt } = record;
  const known = { number, revision, worker };
  const open = {
    outcome: null,
    category: null,
    code: null,
    message: null,
    httpStatus: null,
    externalId: null,
    externalUrl: null,
  };
  const moments: AttemptEntry[] = [
    { at: startedAt.toISOString(), type: "attempt.started", attempt: { ...known, ...open } },
  ];
  if (sentAt !== null) {
    moments.push({ at: sentAt.toISOString(), type: "attempt.sending", attempt: { ...known, ...open } });
  }
  if (endedAt !== null) {
    const { outcome, category, code, message, httpStatus, externalId, externalUrl } = record;
    const came = { outcome, category, code, message, httpStatus, externalId, externalUrl };
    moments.push({ at: endedAt.toISOString(), type: "attempt.ended", attempt: { ...known, ...came } });
  }
  return moments;
}
