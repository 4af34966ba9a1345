/** What was found, as Markdown for docs/where-the-time-goes.md and docs/capacity.md. */
import type { CommandCounts } from "../bench/command-counts.ts";
import { formatNumber } from "../bench/report.ts";
import type { StatementCount } from "../bench/statement-counts.ts";
import { assumptions, type Capacity, type PostFigures } from "./capacity.ts";
import type { TimeShare } from "./cpu-profile.ts";
import { parts, type ProcessorTime } from "./processor-time.ts";

/** Rows with less for each post than this are left out. */
const tellingCount = 0.02;
const sharesShown = 14;

export function processorTable(times: Readonly<Record<string, ProcessorTime>>): string {
  const rows = Object.entries(times).map(([what, time]) => [
    what,
    ...parts.map((part) => (time === null ? "unknown" : time[part].toFixed(2))),
  ]);
  return table(["processor time for each post, ms", ...parts], rows);
}

export function shareTable(heading: string, shares: readonly TimeShare[]): string {
  const rows = shares.slice(0, sharesShown).map(({ name, share }) => [name, `${(100 * share).toFixed(1)} %`]);
  return table([heading, "share"], rows);
}

export function statementTable(heading: string, statements: readonly StatementCount[], posts: number): string {
  const all = statements.map(({ name, calls, meanMs }) => ({
    name,
    perPost: calls / posts,
    meanMs,
    msPerPost: (calls * meanMs) / posts,
  }));
  const rows = all
    .filter(({ perPost }) => perPost >= tellingCount)
    .toSorted((a, b) => b.msPerPost - a.msPerPost)
    .map(({ name, perPost, meanMs, msPerPost }) => [name, perPost.toFixed(2), meanMs.toFixed(3), msPerPost.toFixed(3)]);
  const sum = (pick: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + pick(one), 0);
  const total = [
    "all together",
    sum(({ perPost }) => perPost).toFixed(2),
    "",
    sum(({ msPerPost }) => msPerPost).toFixed(3),
  ];
  return table([heading, "for each post", "mean ms", "ms for each post"], [...rows, total]);
}

export function commandTable(heading: string, ours: CommandCounts, bare: CommandCounts, posts: number): string {
  const perPost = (counts: CommandCounts, name: string) => (counts[name] ?? 0) / posts;
  const names = [...new Set([...Object.keys(ours), ...Object.keys(bare)])]
    .filter((name) => Math.max(perPost(ours, name), perPost(bare, name)) >= tellingCount)
    .toSorted((a, b) => perPost(ours, b) - perPost(ours, a));
  const sum = (counts: CommandCounts) => Object.values(counts).reduce((total, calls) => total + calls, 0) / posts;
  const rows = names.map((name) => [name, perPost(ours, name).toFixed(2), perPost(bare, name).toFixed(2)]);
  return table(
    [heading, "Punctual", "bare BullMQ"],
    [...rows, ["all together", sum(ours).toFixed(1), sum(bare).toFixed(1)]],
  );
}

export function weightTable({ redisBytes, tables }: PostFigures): string {
  const rows = tables.map(({ table: name, rows: count, bytes }) => [
    `\`${name}\``,
    count.toFixed(2),
    formatNumber(Math.round(bytes)),
  ]);
  return table(
    ["of each post", "rows", "bytes"],
    [...rows, ["waiting job in Redis", "", formatNumber(Math.round(redisBytes))]],
  );
}

export function capacityTable(capacities: readonly Capacity[]): string {
  const gigabytes = (bytes: number) => `${formatNumber(bytes / 1e9)} GB`;
  const lines: [string, (capacity: Capacity) => string][] = [
    ["posts a second at the full hour", ({ burstPerSecond }) => formatNumber(burstPerSecond)],
    ["scheduling requests a second, busiest hour", ({ schedulePerSecond }) => formatNumber(schedulePerSecond)],
    ["API processes", ({ apiProcesses }) => formatNumber(apiProcesses)],
    ["workers", ({ workers }) => formatNumber(workers)],
    ["processors for Postgres", ({ postgresProcessors }) => formatNumber(postgresProcessors)],
    ["processors for Redis; one Redis uses one", ({ redisProcessors }) => formatNumber(redisProcessors)],
    ["Redis' memory, every post a job at once", ({ redisBytes }) => gigabytes(redisBytes)],
    [
      `Redis' memory, \`QUEUE_HORIZON_HOURS=${assumptions.horizonHours}\``,
      ({ redisBytesWithHorizon }) => gigabytes(redisBytesWithHorizon),
    ],
    ["rows in Postgres, in millions", ({ postgresRows }) => formatNumber(postgresRows / 1e6)],
    ["bytes in Postgres, indexes included", ({ postgresBytes }) => gigabytes(postgresBytes)],
  ];
  const heads = capacities.map(({ postsPerDay }) => `${formatNumber(postsPerDay / 1e6)} million a day`);
  return table(
    ["", ...heads],
    lines.map(([label, value]) => [label, ...capacities.map(value)]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
