/** Webhook endpoints and their deliveries, as clients give and get them. */
import { eventTypes } from "@punctual/core";
import { webhookDeliveryStatuses } from "@punctual/db";
import { receiverUrlLengthMax } from "@punctual/platforms";
import { Type, type Static } from "typebox";
import { Id, InstantOut, Nullable, orNull } from "../field-schemas.ts";
import { pageFields, pageOf } from "../page.ts";

const url = Type.String({
  minLength: 1,
  maxLength: receiverUrlLengthMax,
  description: "Where events are delivered to, http or https.",
  examples: ["https://agency.example.com/punctual"],
});
const description = Type.String({
  minLength: 1,
  maxLength: 200,
  description: "For people.",
  examples: ["Production"],
});
const types = Type.Array(Type.Enum([...eventTypes]), {
  minItems: 1,
  maxItems: eventTypes.length,
  description: "The types to deliver; null or left out: all.",
});
const secret = Type.String({
  examples: ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
  description: "Verifies deliveries after the Standard Webhooks specification. Shown this once.",
});

export const EndpointIn = Type.Object(
  {
    url,
    description: Type.Optional(orNull(description)),
    eventTypes: Type.Optional(orNull(types)),
  },
  {
    title: "WebhookEndpointIn",
    additionalProperties: false,
    examples: [{ url: "https://agency.example.com/punctual", eventTypes: ["post.published", "post.failed"] }],
  },
);
export type EndpointIn = Static<typeof EndpointIn>;

export const EndpointPatch = Type.Object(
  {
    url: Type.Optional(url),
    description: Type.Optional(orNull(description)),
    eventTypes: Type.Optional(orNull(types)),
    status: Type.Optional(
      Type.Enum(["enabled", "disabled"], {
        description: "Disabling ends what waits for the endpoint; what happens meanwhile is not delivered later.",
      }),
    ),
  },
  { title: "WebhookEndpointPatch", additionalProperties: false, examples: [{ status: "enabled" }] },
);
export type EndpointPatch = Static<typeof EndpointPatch>;

export const EndpointOut = Type.Object(
  {
    id: Id,
    url: Type.String({ examples: ["https://agency.example.com/punctual"] }),
    description: Nullable(Type.String({ examples: ["Production"] })),
    eventTypes: Nullable(Type.Array(Type.Enum([...eventTypes])), { description: "The types delivered; null: all." }),
    status: Type.Enum(["enabled", "disabled"]),
    disabledReason: Nullable(Type.Enum(["requested", "gone", "failing"]), {
      examples: [null],
      description: "requested: by a PATCH; gone: it answered 410; failing: it took nothing for five days.",
    }),
    disabledAt: Nullable(InstantOut("When it was disabled."), { examples: [null] }),
    failingSince: Nullable(InstantOut("Since when every delivery failed."), { examples: [null] }),
    createdAt: InstantOut("When it was created; it gets events from then on."),
    updatedAt: InstantOut("When it was last changed."),
  },
  { $id: "WebhookEndpoint", title: "WebhookEndpoint" },
);
export type EndpointOut = Static<typeof EndpointOut>;

export const EndpointCreated = Type.Object(
  { ...EndpointOut.properties, secret },
  { $id: "WebhookEndpointCreated", title: "WebhookEndpointCreated" },
);

export const EndpointPage = pageOf(EndpointOut);

export const RotatedSecret = Type.Object(
  {
    secret,
    previousSecretExpiresAt: InstantOut(
      "Until then deliveries are signed with the secret before as well, unless the secret is rotated again.",
    ),
  },
  { title: "RotatedSecret" },
);

export const DeliveryParams = Type.Object({ id: Id, deliveryId: Id }, { additionalProperties: false });

export const DeliveryQuery = Type.Object(
  { ...pageFields, status: Type.Optional(Type.Enum([...webhookDeliveryStatuses])) },
  { additionalProperties: false },
);

const DeliveryAttempt = Type.Object(
  {
    number: Type.Integer(),
    startedAt: InstantOut("When it began."),
    endedAt: Nullable(InstantOut("When its outcome was recorded."), { description: "Null: it runs." }),
    outcome: Nullable(Type.Enum(["delivered", "failed", "abandoned"]), {
      description: "Null: it runs; abandoned: its worker died, and the endpoint may have got the event.",
    }),
    httpStatus: Nullable(Type.Integer(), { description: "Of the endpoint's answer; null: there was none." }),
    code: Nullable(Type.String({ description: "Why it failed, for programs." })),
    message: Nullable(Type.String({ description: "The same for people." })),
  },
  {
    title: "DeliveryAttempt",
    examples: [
      {
        number: 1,
        startedAt: "2026-12-01T08:30:00.512Z",
        endedAt: "2026-12-01T08:30:00.604Z",
        outcome: "delivered",
        httpStatus: 204,
        code: null,
        message: null,
      },
    ],
  },
);

export const DeliveryOut = Type.Object(
  {
    id: Id,
    eventId: Type.String({
      description: "The event, and the `webhook-id` of every attempt.",
      examples: ["81234-907"],
    }),
    eventType: Type.Enum([...eventTypes], { examples: ["post.published"] }),
    status: Type.Enum([...webhookDeliveryStatuses], {
      examples: ["delivered"],
      description: "pending: waits for its next attempt; failed: given up, a replay starts anew.",
    }),
    nextAttemptAt: Nullable(InstantOut("When it is tried next."), { examples: [null] }),
    failure: Nullable(Type.Object({ code: Type.String(), message: Type.String() }), {
      description: "Of the latest attempt.",
      examples: [null],
    }),
    endedAt: Nullable(InstantOut("When it was delivered or given up.")),
    createdAt: InstantOut("When the event was handed to the endpoint."),
    attempts: Type.Array(DeliveryAttempt, { description: "The latest ones, oldest first." }),
  },
  { $id: "WebhookDelivery", title: "WebhookDelivery" },
);
export type DeliveryOut = Static<typeof DeliveryOut>;

export const DeliveryPage = pageOf(DeliveryOut);
