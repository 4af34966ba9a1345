/** A run's figures as one table for people. */
import type { RunFigures, Spread } from "./figures.ts";

const offendersShownMax = 20;

export function formatReport(figures: RunFigures): string {
  const { breaches, unconfirmed, heal, lateness, api } = figures;
  const rows: [string, string][] = [
    ["posts", `${figures.posts} (${list(figures.states)})`],
    ["published on", list(figures.publishedOn)],
    [
      "requests",
      `${figures.requests}, ${figures.unanswered} without an answer, ${figures.refusedFor503} refused with 503, ${figures.outOfBreath} of these out of breath`,
    ],
    ["faults", `${sum(figures.faults)} (${list(figures.faults)})`],
    ["network faults", `${sum(figures.networkFaults)} (${list(figures.networkFaults)})`],
    ...Object.entries(breaches).map(([kind, count]): [string, string] => [kind, String(count)]),
    [
      "unconfirmed",
      `${unconfirmed.became}: ${unconfirmed.found} found, ${unconfirmed.absent} proved absent, left to a person ` +
        `${unconfirmed.decidedPublished} published and ${unconfirmed.decidedNotPublished} not`,
    ],
    ...Object.entries(heal).map(([kind, times]): [string, string] => [`healed: ${kind}`, spreadText(times)]),
    ["lateness", spreadText(lateness)],
    ["API, nothing wrong", spreadText(api.quiet)],
    ["API, Redis in trouble", spreadText(api.redisInTrouble)],
    ["settled after", `${figures.settledMs} ms`],
    ["harness late (p99)", `${figures.harnessLagMs} ms`],
    ["orphaned job bodies", String(figures.orphanedJobs)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join("\n");
}

export function formatOffenders({ offenders, timelines }: RunFigures): string {
  const lines = offenders
    .slice(0, offendersShownMax)
    .map(({ kind, post, detail }) => `  ${kind}: ${post ?? "-"}: ${detail}`);
  if (offenders.length > offendersShownMax) lines.push(`  and ${offenders.length - offendersShownMax} more`);
  for (const [post, timeline] of Object.entries(timelines)) {
    lines.push(`  post ${post}`, ...timeline.map((line) => `    ${line}`));
  }
  return lines.join("\n");
}

function spreadText({ count, p50, p99, max }: Spread): string {
  return count === 0 ? "-" : `p50 ${p50}, p99 ${p99}, max ${max} ms (${count})`;
}

function list(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
