/** What to press against a reason, by the overview's codes. */

export interface Remedy {
  href: string;
  title: string;
}

const remedies: Readonly<Record<string, Remedy>> = {};

/** @returns null where nothing on this page helps; the reason's own words say what does */
export function remedyFor(code: string): Remedy | null {
  return remedies[code] ?? null;
}
