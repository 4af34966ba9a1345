/** Every kind of event there is. Names are part of the public contract. */
export const eventTypes = [
  "post.scheduled",
  "post.updated",
  "post.retrying",
  "post.published",
  "post.failed",
  "post.missed",
  "post.cancelled",
  "post.unconfirmed",
  "post.held",
  "post.released",
  "post.at_risk",
  "account.needs_reconnect",
  "account.reconnected",
] as const;
export type EventType = (typeof eventTypes)[number];
