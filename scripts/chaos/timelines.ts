/** The story of an offending post from all sides, in order: what clients asked, what attempts did, what arrived. */
import type { Evidence } from "./evidence.ts";
import type { Breach } from "./invariants.ts";
import type { Journal } from "./journal.ts";

const postsMax = 5;

export function tellTimelines(
  breaches: readonly Breach[],
  { attempts, ledger, posts }: Evidence,
  journal: Journal,
): Record<string, string[]> {
  const offenders = [...new Set(breaches.flatMap(({ post }) => post ?? []))].slice(0, postsMax);
  return Object.fromEntries(offenders.map((id) => [id, tell(id)]));

  function tell(id: string): string[] {
    const lines: { at: string; what: string }[] = [];
    const row = posts.find((candidate) => candidate.id === id);
    const known = journal.posts.find((candidate) => candidate.id === id);
    for (const { text, scheduledAt, state } of known?.versions ?? []) {
      const due = scheduledAt === null ? "now" : new Date(scheduledAt).toISOString();
      lines.push({ at: due, what: `due: "${text}" (${state})` });
    }
    const cancelledAt = known?.cancelledAt ?? null;
    if (cancelledAt !== null) lines.push({ at: new Date(cancelledAt).toISOString(), what: "cancelling acknowledged" });
    for (const { number, worker, phase, outcome, code, startedAt, sentAt, endedAt } of attempts.get(id) ?? []) {
      lines.push({ at: startedAt.toISOString(), what: `attempt ${number} by ${worker} (${phase})` });
      if (sentAt !== null) lines.push({ at: sentAt.toISOString(), what: `attempt ${number} enters sending` });
      if (endedAt !== null) {
        lines.push({ at: endedAt.toISOString(), what: `attempt ${number} ended ${outcome} ${code ?? ""}`.trimEnd() });
      }
    }
    for (const { receivedAt, outcome, status, fault, content } of ledger.get(id) ?? []) {
      lines.push({ at: receivedAt, what: `${outcome} "${content.text}", answered ${status}, fault ${fault}` });
    }
    const story = lines.toSorted((a, b) => (a.at < b.at ? -1 : 1)).map(({ at, what }) => `${at} ${what}`);
    return [...story, `in the end: ${row?.status ?? "no row"}, revision ${row?.revision}, ${row?.platform}`];
  }
}
