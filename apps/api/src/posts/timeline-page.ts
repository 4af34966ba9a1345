/**
 * A timeline page by page. It is a merge of two lists, so the first entries of it need no more than as many of each;
 * a cursor says how far each was told. An attempt that is running may have more moments by the time of the next page:
 * they are told then.
 */
import { readPostHistory, type Database, type HistoryPart, type PostHistory } from "@punctual/db";
import { Type, type Static } from "typebox";
import { invalidCursor } from "../page.ts";
import { toTimeline, type Timeline, type TimelineEntry } from "./timeline.ts";

const limitMax = 200;

export const TimelineQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: limitMax, description: `Entries per page, ${limitMax} if left out.` }),
    ),
    cursor: Type.Optional(Type.String({ maxLength: 100, description: "`nextCursor` of the page before." })),
  },
  { additionalProperties: false },
);

/** Which events and moments were told. */
interface Position extends Pick<HistoryPart, "afterSequence" | "fromAttempt"> {
  /** Of the attempt to go on from. */
  momentsTold: number;
}

const start: Position = { afterSequence: "0", fromAttempt: 0, momentsTold: 0 };

/**
 * Null: the company has no such post.
 *
 * @throws {ProblemError} 400 if the cursor is none of ours
 */
export async function readTimelinePage(
  database: Database,
  post: { companyId: string; id: string },
  { limit = limitMax, cursor }: Static<typeof TimelineQuery>,
): Promise<Timeline | null> {
  const position = cursor === undefined ? start : decode(cursor);
  // One more than asked for tells whether there is a next page.
  const history = await readPostHistory(database, { ...post, ...position, limit: limit + 1 });
  if (history === null) return null;
  const entries = toTimeline(history, position.momentsTold);
  const data = entries.slice(0, limit);
  const nextCursor = entries.length > limit ? encode(positionAfter(data, history, position)) : null;
  return { data, nextCursor };
}

function positionAfter(data: readonly TimelineEntry[], { events }: PostHistory, before: Position): Position {
  const told = data.filter((entry) => !("attempt" in entry)).length;
  const { sequence = before.afterSequence } = events[told - 1] ?? {};
  const attempts = data.flatMap((entry) => ("attempt" in entry ? [entry.attempt.number] : []));
  const fromAttempt = attempts.at(-1) ?? before.fromAttempt;
  const ofIt = attempts.filter((number) => number === fromAttempt).length;
  const momentsTold = ofIt + (fromAttempt === before.fromAttempt ? before.momentsTold : 0);
  return { afterSequence: sequence, fromAttempt, momentsTold };
}

function encode({ afterSequence, fromAttempt, momentsTold }: Position): string {
  return Buffer.from(`${afterSequence}.${fromAttempt}.${momentsTold}`).toString("base64url");
}

function decode(cursor: string): Position {
  const text = Buffer.from(cursor, "base64url").toString();
  const [, afterSequence, fromAttempt, momentsTold] = /^(\d{1,18})\.(\d{1,9})\.([0-3])$/.exec(text) ?? [];
  if (afterSequence === undefined) throw invalidCursor();
  return { afterSequence, fromAttempt: Number(fromAttempt), momentsTold: Number(momentsTold) };
}
