/**
 * A post's timeline as operators see it: the client's, with what operators did in between and, at its end, the job as
 * Redis has it now. The cursor is the client's, and the instant up to which actions were told.
 */
import { companyOfPost, findOperatorPost, listOperatorActions, type Database } from "@punctual/db";
import type { OperatorActionRecord, OperatorPostDetail } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import type { Static } from "typebox";
import { readTimelinePage, type TimelineQuery } from "../posts/timeline-page.ts";
import { jobOf } from "./post-answer.ts";
import type { OperatorTimeline } from "./post-schemas.ts";

export interface OperatorTimelineDeps {
  database: Database;
  producer: PublishProducer;
}

type Entry = OperatorTimeline["data"][number];

/** More actions on one post nobody reads; the newest are told. */
const actionsMax = 500;

/** Null if there is no such post. */
export async function readOperatorTimeline(
  { database, producer }: OperatorTimelineDeps,
  id: string,
  { limit, cursor = "" }: Static<typeof TimelineQuery>,
): Promise<OperatorTimeline | null> {
  const companyId = await companyOfPost(database, id);
  if (companyId === null) return null;
  const [inner, toldUntil = ""] = cursor.split("~");
  const query = {
    ...(limit === undefined ? {} : { limit }),
    ...(inner === undefined || inner === "" ? {} : { cursor: inner }),
  };
  const [page, actions] = await Promise.all([
    readTimelinePage(database, { companyId, id }, query),
    listOperatorActions(database, {
      filter: { user: null, action: null, postId: id, socialAccountId: null },
      limit: actionsMax,
      beforeId: null,
    }),
  ]);
  if (page === null) return null;
  const isLast = page.nextCursor === null;
  const until = isLast ? "9999" : (page.data.at(-1)?.at ?? "");
  const told = actions
    .toReversed()
    .map(toMoment)
    .filter(({ at }) => at > toldUntil && at <= until);
  const data = merged(page.data, told);
  if (!isLast) return { data, nextCursor: `${page.nextCursor}~${until}` };
  const job = await lookAtJob(producer, await findOperatorPost(database, id));
  return { data: [...data, ...(job === null ? [] : [job])], nextCursor: null };
}

/** Both are in order; of the same instant, what an operator did comes first: the rest follows from it. */
function merged(entries: readonly Entry[], actions: readonly Entry[]): Entry[] {
  return [...actions, ...entries].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function toMoment({ createdAt, action, user, outcome, requestId, detail }: OperatorActionRecord): Entry {
  return {
    at: createdAt.toISOString(),
    type: "operator.action",
    action,
    user,
    outcome,
    requestId,
    detail: { ...detail },
  };
}

async function lookAtJob(producer: PublishProducer, found: OperatorPostDetail | null): Promise<Entry | null> {
  if (found === null) return null;
  const { post } = found;
  const { id, boardUrl } = jobOf(post);
  const { revision, generation, platform } = post;
  const state = await producer.look({ postId: post.id, revision, generation, platform });
  if (state === null) return null;
  return { at: new Date().toISOString(), type: "job", job: { id, boardUrl, ...state } };
}
