/** Mastodon's limits, from docs.joinmastodon.org; an instance may set its own, which are read where that is possible. */
export const mastodonLimits = {
  /** entities/V1_Instance `max_characters` and `characters_reserved_per_url`: the defaults. */
  textCharactersMax: 500,
  charactersPerUrl: 23,
  /** What a client may say that an instance takes. Ours. */
  textCharactersMaxMax: 100_000,
  mediaItemsMax: 4,
  /** Defaults of `configuration.media_attachments`. */
  altCharactersMax: 1_500,
  imageBytesMax: 16_777_216,
  imagePixelsMax: 33_177_600,
  videoBytesMax: 103_809_024,
  videoPixelsMax: 8_294_400,
  /** app/lib/rate_limiter.rb: new statuses of an account. */
  statusesMax: 300,
  statusesWindowMs: 3 * 3_600_000,
  /** How long a 429 that tells no time is waited for: the window of most limits (api/rate-limits). */
  rateLimitedWaitMs: 300_000,
  /** Keys are kept for an hour (methods/statuses, `Idempotency-Key`); ours, with room for clocks and slow calls. */
  keyTrustedMs: 55 * 60_000,
  /** Ours. */
  sendTimeoutMs: 20_000,
  callTimeoutMs: 10_000,
  mediaFetchTimeoutMs: 60_000,
  uploadTimeoutMs: 60_000,
  /** How soon an upload that is being processed is looked at again; twice as long after every look. Ours. */
  pollMsMin: 100,
  pollMsMax: 2_000,
  /** Media that no status refers to are removed after a day; ours, well before. */
  uploadsFreshMs: 6 * 3_600_000,
  /** How far before our send a listed status may have been made, by the instance's clock. Ours. */
  listingToleranceMs: 120_000,
  listedMax: 40,
} as const;
