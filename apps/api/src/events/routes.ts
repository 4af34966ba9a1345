/**
 * `/v1/events`: everything that happens to a company's posts and accounts, as a list to page through and as a stream
 * to follow. Unlike other lists this one runs forward, oldest first: it is a log, read from a position on.
 */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  eventTypes,
  formatEventPosition,
  parseEventPosition,
  type EventPosition,
  type EventType,
} from "@punctual/core";
import { readEvents, settledPosition, type Database } from "@punctual/db";
import type { Logger } from "@punctual/runtime";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { problems } from "../answer.ts";
import { pageFields } from "../page.ts";
import { ProblemError } from "../problem.ts";
import { sendStream, streamMediaType } from "../server-sent.ts";
import { sampleOf } from "../openapi/sample.ts";
import { EventOut, EventPage, toEventOut } from "./event-answer.ts";
import { createEventFeed } from "./event-feed.ts";
import { streamEvents } from "./event-stream.ts";
import { createStreamSlots } from "./stream-slots.ts";

const limitDefault = 50;

const anyType = eventTypes.map((type) => type.replace(".", String.raw`\.`)).join("|");
const EventQuery = Type.Object(
  {
    limit: pageFields.limit,
    cursor: Type.Optional(
      Type.String({
        maxLength: 100,
        description:
          "A position: `nextCursor` or `position` of a page, or the id of an event. Left out, a list begins with the oldest event that is kept, a stream with what happens next.",
      }),
    ),
    type: Type.Optional(
      Type.String({ pattern: `^(${anyType})(,(${anyType}))*$`, maxLength: 1_000, description: "Comma list of types." }),
    ),
  },
  { additionalProperties: false },
);

const EventHeaders = Type.Object({
  "last-event-id": Type.Optional(
    Type.String({ maxLength: 100, description: "Where a stream broke off; browsers send it by themselves." }),
  ),
});

const EventStream = Type.String({
  description:
    "Server-sent events. `id` is the position to go on after, `event` the type, `data` an `Event` as JSON. An `id` alone, every 15 seconds at least, is a sign of life. A stream ends after ten minutes: reconnect.",
});
const sampleStream = `retry: 2000
id: 81234-0

id: 81234-907
event: post.published
data: ${JSON.stringify(sampleOf(EventOut))}

`;

export const eventRoutes: FastifyPluginAsyncTypebox<{ database: Database; logger: Logger }> = async (app, deps) => {
  const { database } = deps;
  const feed = createEventFeed(deps);
  const stopping = new AbortController();
  const slots = createStreamSlots(app.limits);
  app.addHook("preClose", async () => stopping.abort());

  app.get(
    "/events",
    {
      config: { scope: "read" },
      schema: {
        operationId: "listEvents",
        summary: "Events, oldest first, as a list or as a stream",
        description:
          "With `Accept: text/event-stream` the events are streamed as they happen: `id` is the position, `event` the type, `data` the event. A stream that breaks off goes on after `Last-Event-ID`.",
        querystring: EventQuery,
        headers: EventHeaders,
        response: {
          200: {
            description: "A page of events, or the stream.",
            answerHeaders: [],
            content: {
              "application/json": { schema: EventPage },
              [streamMediaType]: { schema: EventStream, example: sampleStream },
            },
          },
          ...problems({
            410: { cursor_expired: "Events after this position are not kept any more; begin anew without a cursor." },
            429: { too_many_streams: "Your company has 50 streams open here, which is as many as it may." },
          }),
        },
      },
    },
    async (request, reply) => {
      const { companyId } = request.caller;
      const types = typesOf(request.query);
      const { cursor, limit = limitDefault } = request.query;
      if (wantsStream(request)) return startStream(request, reply, types);
      const after = cursor === undefined ? null : positionOf("cursor", cursor);
      const page = await readEvents(database, { companyId, after, types, limit });
      if (page.kind === "expired") throw expired();
      const position = formatEventPosition(page.position);
      return reply.send({
        data: page.events.map(toEventOut),
        nextCursor: page.hasMore ? position : null,
        position,
      });
    },
  );

  async function startStream(
    request: EventRequest,
    reply: FastifyReply,
    types: readonly EventType[] | null,
  ): Promise<FastifyReply> {
    const { companyId } = request.caller;
    if (request.query.limit !== undefined) throw noPages();
    const asked = askedPosition(request);
    const after = asked ?? (await settledPosition(database));
    const first = await readEvents(database, { companyId, after, types, limit: 1 });
    if (first.kind === "expired") throw expired();
    const leave = slots.enter(request.caller);
    const ending = new AbortController();
    const end = () => ending.abort();
    stopping.signal.addEventListener("abort", end);
    const left = () => {
      stopping.signal.removeEventListener("abort", end);
      end();
      leave();
    };
    reply.raw.once("close", left);
    // Its client may have gone while we asked Postgres.
    if (reply.raw.destroyed) left();
    const onStalled = () => {
      request.log.info("a client of the event stream takes nothing, dropping it");
      reply.raw.destroy();
    };
    const chunks = streamEvents({ companyId, types, after }, { database, feed, signal: ending.signal, onStalled });
    return sendStream(reply, chunks);
  }
};

interface EventRequest extends FastifyRequest {
  query: Static<typeof EventQuery>;
}

function wantsStream({ method, headers }: FastifyRequest): boolean {
  const accepted = headers.accept?.split(",").find((range) => range.trim().startsWith(streamMediaType));
  return method === "GET" && accepted !== undefined && !/;\s*q=0(\.0*)?\s*(;|$)/i.test(accepted);
}

function typesOf({ type }: Static<typeof EventQuery>): EventType[] | null {
  return type === undefined ? null : (type.split(",") as EventType[]);
}

/** A browser that reconnects repeats the address it began with, so what it heard last comes first. */
function askedPosition({ headers, query: { cursor } }: EventRequest): EventPosition | null {
  const lastEventId = headers["last-event-id"];
  if (typeof lastEventId === "string" && lastEventId !== "") return positionOf("last-event-id", lastEventId);
  return cursor === undefined ? null : positionOf("cursor", cursor);
}

/** @throws {ProblemError} 400 if it is none of ours */
function positionOf(path: string, text: string): EventPosition {
  const position = parseEventPosition(text);
  if (position !== null) return position;
  const issue = { path, code: "invalid_cursor", message: "not a position of an event" };
  throw new ProblemError(400, "invalid_cursor", "The cursor is not one of ours.", { issues: [issue] });
}

function noPages(): ProblemError {
  const issue = { path: "limit", code: "not_allowed", message: "a stream has no pages; leave it out" };
  return new ProblemError(400, "invalid_request", "The query string does not fit, see errors.", { issues: [issue] });
}

function expired(): ProblemError {
  const detail = "Events after this position are not kept any more; begin anew without a cursor.";
  return new ProblemError(410, "cursor_expired", detail);
}
