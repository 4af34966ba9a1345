/**
 * LinkedIn's limits, from learn.microsoft.com/linkedin unless said otherwise: Posts API, Images API, Videos API, Share on
 * LinkedIn, Versioning.
 */
export const linkedinLimits = {
  /** Of `commentary`, in UTF-16 code units of the text as people read it. Whether escapes count is not documented. */
  textCharactersMax: 3_000,
  /** Images of one post (MultiImage API). */
  imagesMax: 20,
  altCharactersMax: 4_086,
  /** Field limits of an article, as answered in practice (FIELD_LENGTH_TOO_LONG). */
  linkTitleCharactersMax: 400,
  linkDescriptionCharactersMax: 4_086,
  linkCharactersMax: 2_048,
  /** Share on LinkedIn: a member's posts through one app, and all posts through it. Both start again at 00:00 UTC. */
  memberPostsPerDayMax: 150,
  appPostsPerDayMax: 100_000,
  /** How long a 429 that does not name a day's quota is waited for. Ours. */
  throttledWaitMs: 900_000,
  /** Longest answer to a post seen in practice is a few seconds; ours. */
  sendTimeoutMs: 20_000,
  /** Of one call that shows readers nothing, uploads aside. Ours. */
  callTimeoutMs: 15_000,
  /** How often an upload that is being processed is looked at. Ours. */
  pollMs: 2_000,
  /** How far back a listing may be from our send and still show our post. Ours. */
  listingToleranceMs: 120_000,
  /** Posts read of an organization when looking for one of ours. */
  listedMax: 50,
} as const;

/** The version of the API we speak, as `YYYYMM`, unless LINKEDIN_API_VERSION says otherwise. */
export const linkedinVersionDefault = "202609";
/** A version lives a year; from this age on, in months, starting warns. */
export const linkedinVersionOldMonths = 10;

/**
 * What an installation should be told about the version it speaks.
 *
 * @returns a sentence, or null if the version is young enough
 */
export function versionWarning(version: string, now: Date): string | null {
  const months =
    (now.getUTCFullYear() - Number(version.slice(0, 4))) * 12 + now.getUTCMonth() + 1 - Number(version.slice(4));
  if (months < linkedinVersionOldMonths) return null;
  return `LinkedIn's API version ${version} is ${months} months old; LinkedIn refuses versions after about 12. Set LINKEDIN_API_VERSION to a newer one.`;
}
