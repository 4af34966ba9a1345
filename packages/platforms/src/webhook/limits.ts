/** Limits of deliveries to a client's own server. They are ours: the Standard Webhooks spec sets none but the time. */
import { receiverUrlLengthMax } from "../receiver-url.ts";

export const webhookLimits = {
  /** UTF-16 code units. */
  textCharactersMax: 100_000,
  mediaItemsMax: 20,
  urlLengthMax: receiverUrlLengthMax,
  /** Of the decoded secret, in bytes: Standard Webhooks spec, "Symmetric signatures". */
  secretBytesMin: 24,
  secretBytesMax: 64,
  /** Standard Webhooks spec recommends 15 to 30 s. */
  sendTimeoutMs: 15_000,
  /** How long a 429 without Retry-After is waited for. */
  rateLimitedWaitMs: 60_000,
} as const;
