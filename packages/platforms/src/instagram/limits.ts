/** Instagram's limits on publishing. Meta, "Content Publishing" and the reference of `/media`, Graph API v25. */

export const instagramLimits = {
  /** What counts as one is not documented: code points. What Instagram counts otherwise it refuses ahead of time. */
  captionCharactersMax: 2_200,
  hashtagsMax: 30,
  mentionsMax: 20,
  altCharactersMax: 1_000,
  carouselItemsMin: 2,
  carouselItemsMax: 10,
  collaboratorsMax: 3,

  imageBytesMax: 8_000_000,
  imageWidthMin: 320,
  /** 4:5. */
  imageAspectMin: 0.8,
  imageAspectMax: 1.91,
  videoBytesMax: 300_000_000,
  videoWidthMax: 1_920,
  videoDurationMinMs: 3_000,
  videoDurationMaxMs: 15 * 60_000,

  /** Of one account in any 24 hours. Other pages of Meta's say 50: `content_publishing_limit` is read each time. */
  postsPerDayMax: 100,
  /** How long to wait before the quota is read again, in milliseconds: which post falls out of it when is not told. */
  quotaWaitMs: 900_000,
  /** A container that is not published by then expires, in milliseconds. */
  containerLifeMs: 86_400_000,

  callTimeoutMs: 20_000,
  /** Making a container lets Instagram fetch what is behind the URL, in milliseconds. */
  containerTimeoutMs: 60_000,
  /** Between two looks at a container that is being processed, growing from the first to the last, in milliseconds. */
  pollFirstMs: 250,
  pollLastMs: 15_000,
  /** A container still in progress when there is no time left is looked at again after this, in milliseconds. */
  stillProcessingWaitMs: 10_000,
  /** Longer than any reel was seen to take; the container is then given up, in milliseconds. */
  processingMaxMs: 3_600_000,
  /** How often a fresh container that cannot be found is looked for. */
  missingReadsMax: 3,
  missingPauseMs: 500,

  /** The publishing call and one look at what came of it, in milliseconds. */
  sendTimeoutMs: 45_000,
  /** Kept of that for the look. */
  lookTimeoutMs: 8_000,
  listingToleranceMs: 120_000,
  listedMax: 50,
} as const;

/** Of tokens from Instagram's own log-in; those from Facebook's belong to `https://graph.facebook.com`. */
export const instagramUrl = "https://graph.instagram.com";
