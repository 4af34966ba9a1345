/** The posts every side is given: the length of an ordinary one, and no two alike. */

export interface SamplePost {
  socialAccountId: string;
  text: string;
  scheduledAt: string;
  metadata: Record<string, string>;
}

/** @param dueAtMs since 1970 */
export function samplePost(socialAccountId: string, number: number, dueAtMs: number): SamplePost {
  return {
    socialAccountId,
    text: `Fresh bread from seven, and the first strawberries of the year. Come by before they are gone! No. ${number}`,
    scheduledAt: new Date(dueAtMs).toISOString(),
    metadata: { campaign: "spring" },
  };
}
