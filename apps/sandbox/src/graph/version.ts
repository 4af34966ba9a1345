/** Which version of the Graph API answers: the one asked for, or the oldest that is left if that one is dead. */

/** As of November 2026; not read off the clock, or rehearsals would break with time. */
const versionOldest = 21;
const versionNewest = 26;

export const versionPattern = "^v[0-9]{1,2}\\.0$";

/** @returns the version that serves, or null if there is no such version yet */
export function servingVersion(asked: string): string | null {
  const number = Number(asked.slice(1).split(".")[0]);
  return number > versionNewest ? null : `v${Math.max(number, versionOldest)}.0`;
}
