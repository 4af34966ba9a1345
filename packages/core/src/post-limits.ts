/** Limits on what clients may give, the same on every platform; a platform's own come on top. */
export const postLimits = {
  /** Hard cap on text before the platform's own limit, in UTF-16 code units. */
  textLengthMax: 100_000,
  mediaItemsMax: 20,
  mediaAltLengthMax: 5_000,
  urlLengthMax: 2_048,
  groupIdLengthMax: 200,
  metadataEntriesMax: 50,
  metadataKeyLengthMax: 100,
  metadataValueLengthMax: 1_000,
  maxAttemptsDefault: 5,
  maxAttemptsMax: 20,
  /** Two days. */
  graceMinutesDefault: 2_880,
  /** Less would always be missed. */
  graceMinutesMin: 1,
  /** A year. */
  graceMinutesMax: 525_600,
  /** How far in the past an instant may lie when a post is accepted, in milliseconds. */
  pastToleranceMs: 60_000,
  /** How far ahead a post may be scheduled, in years. */
  yearsAheadMax: 5,
  bulkPostsMax: 1_000,
  /** Posts of a group that one request cancels. */
  groupPostsMax: 10_000,
  idempotencyKeyLengthMax: 255,
} as const;
