/** Facebook's limits on Pages. Meta's Graph API v25 reference where nothing else is said. */

export const facebookLimits = {
  /**
   * Not in Meta's reference; commonly observed. What counts as one is not documented: UTF-16 code units, of which no
   * text has fewer than characters.
   */
  textCharactersMax: 63_206,
  /** More are taken by the API, but shown differently from app to app. */
  photosMax: 10,
  /** "Photos": under 10 MB; PNG may be made to look worse beyond 1 MB. */
  photoBytesMax: 10_000_000,
  /** Facebook takes more in a session ("Page videos"); this is ours, for it passes through this machine's disk. */
  videoBytesMax: 1_000_000_000,
  videoDurationMaxMs: 4 * 3_600_000,
  /** "Reels publishing": 3 to 90 s, upright, 540 by 960 at least. */
  reelDurationMinMs: 3_000,
  reelDurationMaxMs: 90_000,
  reelWidthMin: 540,
  reelHeightMin: 960,
  /** One call that uploads nothing, in milliseconds. */
  callTimeoutMs: 20_000,
  /** The publishing call and one look at what came of it, in milliseconds. */
  sendTimeoutMs: 45_000,
  /** Kept of that for the look. */
  lookTimeoutMs: 8_000,
  /** A listing is searched from so long before the post was first sent, since clocks differ, in milliseconds. */
  listingToleranceMs: 120_000,
  listedMax: 100,
} as const;

export const facebookUrl = "https://graph.facebook.com";
