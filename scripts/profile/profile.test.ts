/** What `npm run profile` makes of what it measures. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { assumptions, capacityFor, type PostFigures } from "./capacity.ts";
import { summarize, type CpuProfile } from "./cpu-profile.ts";
import { capacityTable, commandTable, statementTable } from "./markdown.ts";

test("a profile is told by who owns the code, without idle time, in shares of what is left", () => {
  const frame = (id: number, functionName: string, url: string) => ({
    id,
    callFrame: { functionName, url, lineNumber: 1 },
  });
  const root = "file:///home/me/punctual/";
  const profile: CpuProfile = {
    nodes: [
      frame(1, "(idle)", ""),
      frame(2, "(garbage collector)", ""),
      frame(3, "claim", `${root}packages/db/src/post-claim.ts`),
      frame(4, "", `${root}node_modules/@prisma/client/runtime/client.mjs`),
      frame(5, "query", `${root}node_modules/pg/node_modules/pg-protocol/dist/index.js`),
      frame(6, "onread", "node:net"),
      frame(7, "writev", ""),
    ],
    samples: [1, 2, 3, 3, 4, 5, 6, 7],
    timeDeltas: [9_000, 100, 300, 100, 200, 100, 100, 100],
  };
  const { busyMs, byOwner, byFunction } = summarize(profile, root);
  expect(busyMs).toBe(1);
  expect(byOwner.slice(0, 2)).toEqual([
    { name: "packages/db", share: 0.4 },
    { name: "@prisma/client", share: 0.2 },
  ]);
  expect(byOwner.map(({ name }) => name).toSorted()).toEqual(
    ["@prisma/client", "Node.js", "built into V8", "garbage collector", "packages/db", "pg-protocol"].toSorted(),
  );
  expect(byFunction.map(({ name }) => name)).toContain("(anonymous), @prisma/client");
});

describe("capacity", () => {
  const post: PostFigures = {
    redisBytes: 1_000,
    tables: [
      { table: "posts", rows: 1, bytes: 1_000 },
      { table: "events", rows: 2, bytes: 500 },
      { table: "idempotency_records", rows: 1, bytes: 700 },
      { table: "attempts", rows: 1, bytes: 200 },
    ],
    scheduleMs: { api: 0.5, postgres: 0.2, redis: 0.1 },
    publishMs: { worker: 0.5, postgres: 0.3, redis: 0.2 },
  };

  test("follows from the figures by the formulas of docs/capacity.md", () => {
    const found = capacityFor(1_000_000, post);
    expect(found.burstPerSecond).toBe(500);
    expect(found.schedulePerSecond).toBeCloseTo(27.8, 1);
    // 500 a second, one second each, 50 at a time.
    expect(found).toMatchObject({ apiProcesses: 1, workers: 10 });
    expect(found.postgresProcessors).toBeCloseTo((500 * 0.0003 + 27.8 * 0.0002) / 0.7, 3);
    expect(found.redisBytes).toBe(7e9);
    expect(found.redisBytesWithHorizon).toBe(1e9);
    expect(found.postgresRows).toBe(1e6 * (407 + 2 * 30 + 8 + 400));
    expect(found.postgresBytes).toBe(1e6 * (407 * 1_000 + 30 * 500 + 8 * 700 + 400 * 200));
  });

  test("is bound by processor time where networks answer at once", () => {
    const quick = { ...assumptions, networkSeconds: 0.001 };
    expect(capacityFor(100_000_000, post, quick).workers).toBe(Math.ceil((50_000 * 0.0005) / 0.7));
  });
});

test("docs/capacity.md assumes what the model does", () => {
  const page = readFileSync(new URL("../../docs/capacity.md", import.meta.url), "utf8");
  const listed = [...page.matchAll(/^\| [^|]+ \| ([\d.]+) \| `(\w+)` \|$/gm)].map(([, value, name]) => [
    name,
    Number(value),
  ]);
  expect(Object.fromEntries(listed)).toEqual(assumptions);
});

test("tables are Markdown, most expensive first, and sum up what they leave out", () => {
  const statement = (name: string, calls: number, meanMs: number) => ({ id: name, name, query: name, calls, meanMs });
  const lines = statementTable(
    "what",
    [statement("a", 100, 0.1), statement("b", 50, 1), statement("rare", 1, 1)],
    100,
  ).split("\n");
  expect(lines).toEqual([
    "| what | for each post | mean ms | ms for each post |",
    "| --- | ---: | ---: | ---: |",
    "| b | 0.50 | 1.000 | 0.500 |",
    "| a | 1.00 | 0.100 | 0.100 |",
    "| all together | 1.51 |  | 0.610 |",
  ]);
  expect(commandTable("c", { zadd: 200 }, { zadd: 100, set: 100 }, 100)).toContain("| all together | 2.0 | 2.0 |");
  expect(capacityTable([]).split("\n")[0]).toBe("|  |");
});
