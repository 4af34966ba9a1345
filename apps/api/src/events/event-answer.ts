/** Events as clients see them, in the list and in the stream. */
import { eventTypes } from "@punctual/core";
import type { CompanyEvent } from "@punctual/db";
import { Type, type Static } from "typebox";
import { InstantOut, Nullable } from "../field-schemas.ts";
import { EventData } from "./event-data.ts";

export const EventOut = Type.Object(
  {
    id: Type.String({
      description: "The event's position; as a cursor it asks for what came after.",
      examples: ["81234-907"],
    }),
    type: Type.Enum([...eventTypes], { examples: ["post.published"] }),
    createdAt: InstantOut("When it happened."),
    data: EventData,
  },
  { $id: "Event", title: "Event" },
);
export type EventOut = Static<typeof EventOut>;

export const EventPage = Type.Object(
  {
    data: Type.Array(EventOut, { description: "Oldest first." }),
    nextCursor: Nullable(Type.String(), {
      description: "Asks for the next page; null: there is nothing more yet.",
      examples: [null],
    }),
    position: Type.String({
      description: "Where this page ends. As a cursor, later, it asks for what happened since: nothing is skipped.",
      examples: ["81240-0"],
    }),
  },
  { title: "EventPage" },
);

export function toEventOut({ id, type, createdAt, data }: CompanyEvent): EventOut {
  return { id, type, createdAt: createdAt.toISOString(), data };
}
