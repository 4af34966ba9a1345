/** Bluesky's limits, from the lexicons of bluesky-social/atproto and docs.bsky.app/docs/advanced-guides/rate-limits. */
export const blueskyLimits = {
  /** app.bsky.feed.post: `text`. */
  textGraphemesMax: 300,
  textBytesMax: 3_000,
  tagsMax: 8,
  tagGraphemesMax: 64,
  languagesMax: 3,
  /** app.bsky.embed.images; servers from before 2026 take 1,000,000 bytes and say so. */
  imagesMax: 4,
  imageBytesMax: 2_000_000,
  /** app.bsky.embed.external: `thumb`. */
  thumbBytesMax: 1_000_000,
  /** Ours: cards show about this much. */
  cardTitleCharactersMax: 300,
  cardDescriptionCharactersMax: 1_000,
  /** 5,000 points an hour and 35,000 a day for each account; a new record costs 3. */
  postsPerHourMax: 1_666,
  postsPerDayMax: 11_666,
  /** How long a 429 that tells no time is waited for. */
  rateLimitedWaitMs: 60_000,
  /** An upload that no record refers to is collected after hours; ours, well before. */
  uploadsFreshMs: 30 * 60_000,
  /** Ours: how long the one call that publishes may take. */
  sendTimeoutMs: 15_000,
  /** Ours: of one call besides uploads. */
  callTimeoutMs: 10_000,
  mediaFetchTimeoutMs: 30_000,
  uploadTimeoutMs: 30_000,
  /** Ours: a page whose card takes longer gets a plain one. */
  cardTimeoutMs: 8_000,
  cardPageBytesMax: 256 * 1024,
} as const;

export const blueskyServiceUrl = "https://bsky.social";
export const postCollection = "app.bsky.feed.post";

/** Self-labels that post authors may set (com.atproto.label.defs#selfLabels). */
export const selfLabels = ["porn", "sexual", "nudity", "graphic-media", "!no-unauthenticated"] as const;
