/** The requests that webhook endpoints get: one for each type of event. */
import { eventTypes, type EventType } from "@punctual/core";
import { Type } from "typebox";
import { EventData } from "../events/event-data.ts";
import { InstantOut } from "../field-schemas.ts";
import type { Components } from "./components.ts";
import { sampleOf } from "./sample.ts";
import type { Json, JsonObject } from "./schema-components.ts";

export const WebhookEvent = Type.Object(
  {
    id: Type.String({ description: "The event's position; as a cursor of /v1/events it asks for what came after." }),
    type: Type.Enum([...eventTypes]),
    timestamp: InstantOut("When it happened."),
    data: EventData,
  },
  { title: "WebhookEvent", description: "What a webhook endpoint gets." },
);

const meanings: Readonly<Record<EventType, string>> = {
  "post.scheduled": "A post was accepted, or is to be tried again from the start",
  "post.updated": "A post was edited or rescheduled",
  "post.retrying": "An attempt did not publish; another one follows",
  "post.published": "A post was published",
  "post.failed": "A post was given up",
  "post.missed": "A post could not go out within its grace",
  "post.cancelled": "A post was cancelled",
  "post.unconfirmed": "Nobody knows yet whether a post was published",
  "post.held": "A post waits because its account is paused or must be reconnected",
  "post.released": "A held post goes on",
  "post.at_risk": "Something may keep a post from going out in time; `reason` says what",
  "account.needs_reconnect": "A platform refused an account's credentials",
  "account.reconnected": "An account has credentials that are tried again",
};

/** By type of event. */
export function eventWebhooks(components: Components): JsonObject {
  return Object.fromEntries(eventTypes.map((type) => [type, { post: toWebhook(type, components) }]));
}

function toWebhook(type: EventType, components: Components): JsonObject {
  const event = components.schemas.refer(WebhookEvent);
  const schema = { allOf: [event, { type: "object", required: ["type"], properties: { type: { const: type } } }] };
  const [noun = "", happened = ""] = type.split(".");
  return {
    operationId: `on${[noun, ...happened.split("_")].map(capitalized).join("")}`,
    tags: ["Webhook endpoints"],
    summary: meanings[type],
    security: [],
    parameters: signatureHeaders,
    requestBody: { required: true, content: { "application/json": { schema, example: sampleEvent(type) } } },
    responses: {
      "2XX": { description: "You have it. Do the work afterwards: there are 15 seconds to answer." },
      "410": { description: "You want no more: the endpoint is disabled." },
      "4XX": { description: "Tried again, for days." },
      "5XX": { description: "Tried again, for days; `Retry-After` of a 503 is honoured up to a day." },
    },
  };
}

function sampleEvent(type: EventType): Json {
  const about = sampleOf(EventData) as JsonObject;
  const account = { socialAccountId: about["socialAccountId"] ?? null, credentialsVersion: 3 };
  const post = { postId: about["postId"] ?? null, socialAccountId: account.socialAccountId, revision: 1 };
  return {
    id: "81234-907",
    type,
    timestamp: "2026-11-23T09:30:00.412Z",
    data: type === "post.published" ? about : type.startsWith("account.") ? account : { ...post, ...statusAfter(type) },
  };
}

function statusAfter(type: EventType): JsonObject {
  const status = type.slice("post.".length);
  return ["updated", "released", "at_risk"].includes(status) ? { status: "scheduled" } : { status };
}

function capitalized(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

const signatureHeaders: Json = [
  ["webhook-id", "The event's id, the same on every attempt and every replay: drop repeats by it.", "81234-907"],
  ["webhook-timestamp", "Seconds since 1970 when this attempt was made.", "1795426200"],
  [
    "webhook-signature",
    "After the Standard Webhooks specification; two, separated by a space, for 24 hours after a rotation.",
    "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
  ],
].map(([name = "", description = "", example = ""]) => ({
  name,
  in: "header",
  required: true,
  description,
  schema: { type: "string" },
  example,
}));
