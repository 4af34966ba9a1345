/** When credentials that end by themselves are renewed, and what new ones keep of the old. Pure. */

export const renewalTimes = {
  /** Renewed at the latest so long before their end, in milliseconds; sooner where they live shorter. */
  marginMaxMs: 86_400_000,
  /** Credentials that the platform gave so recently and refuses are not renewed again, in milliseconds: it does not help. */
  freshMs: 300_000,
  /** How long a post waits for its account's credentials to be renewed, in milliseconds, unless that is sooner over. */
  waitMs: 30_000,
} as const;

/** Half of their life before the end, or a day. @param since when they came to us */
export function renewalDueAt(since: Date, expiresAt: Date): Date {
  const lifeMs = Math.max(0, expiresAt.getTime() - since.getTime());
  return new Date(expiresAt.getTime() - Math.min(lifeMs / 2, renewalTimes.marginMaxMs));
}

/** The new credentials; of the old ones whatever the platform left out or emptied, such as a refresh token it did not change. */
export function mergeCredentials(
  old: Readonly<Record<string, unknown>>,
  fresh: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const given = Object.entries(fresh).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return { ...old, ...Object.fromEntries(given) };
}
