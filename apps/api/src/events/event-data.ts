/** What an event says about its post or account: what it is about, and the state then. Never texts. */
import { failureCategories, postStatuses } from "@punctual/core";
import { Type } from "typebox";
import { Id, InstantOut } from "../field-schemas.ts";

export const EventData = Type.Object(
  {
    postId: Type.Optional(Id),
    socialAccountId: Type.Optional(Id),
    clientId: Type.Optional(Id),
    groupId: Type.Optional(Type.String({ description: "Of the post." })),
    status: Type.Optional(Type.Enum([...postStatuses], { description: "The post's, after the event." })),
    revision: Type.Optional(Type.Integer({ description: "The post's, after the event." })),
    reason: Type.Optional(Type.String({ description: "Why, for programs, where it is not plain." })),
    changed: Type.Optional(Type.Array(Type.String(), { description: "Names of the fields an edit changed." })),
    scheduledAt: Type.Optional(InstantOut("When the post is to go out.")),
    nextAttemptAt: Type.Optional(InstantOut("When the next attempt is due.")),
    attempt: Type.Optional(Type.Integer({ description: "Attempts so far." })),
    outcomeOpen: Type.Optional(Type.Boolean({ description: "Whether a request left and no answer came." })),
    heldReason: Type.Optional(Type.Enum(["paused", "needs_reconnect"])),
    latenessMs: Type.Optional(Type.Integer({ description: "How late the successful attempt began, in milliseconds." })),
    externalId: Type.Optional(Type.String({ description: "The platform's id of the post." })),
    externalUrl: Type.Optional(Type.String()),
    failure: Type.Optional(
      Type.Object({ category: Type.Enum([...failureCategories]), code: Type.String(), message: Type.String() }),
    ),
    credentialsVersion: Type.Optional(Type.Integer({ description: "Of the account: which credentials it is about." })),
  },
  {
    title: "EventData",
    description: "What the event is about, as far as it applies, and its state then. Never texts. More may be added.",
    additionalProperties: true,
    examples: [
      {
        postId: "0199aa0e-7c1e-7000-8000-5d2f8f8b6a01",
        socialAccountId: "0199aa0d-2b10-7000-8000-91c6f2f3b702",
        groupId: "spring campaign",
        status: "published",
        revision: 1,
        attempt: 1,
        outcomeOpen: false,
        latenessMs: 12,
        externalId: "42",
        externalUrl: "https://example.com/42",
      },
    ],
  },
);
