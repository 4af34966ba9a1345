/** The judgement of `npm run soak`, and a soak of a few seconds: real processes, every part of it but the patience. */
import { statSync } from "node:fs";
import path from "node:path";
import { findChromium } from "@punctual/testing";
import { describe, expect, test } from "vitest";
import { statementName } from "../bench/statement-name.ts";
import { makeScratchDirectory } from "../chaos/scratch-directory.ts";
import { judgeAccounts } from "./accounting.ts";
import { drawChart } from "./chart.ts";
import { judgeFlatness, pointsMin } from "./flatness.ts";
import { openLedger } from "./ledger.ts";
import { planOf, readOptions } from "./options.ts";
import { formatReport } from "./report.ts";
import { runSoak } from "./run.ts";
import { judgeSoak } from "./verdict.ts";

describe("flat", () => {
  const limit = { share: 0.1, slack: 1 };
  const curve = (value: (minute: number) => number, minutes = 30) =>
    Array.from({ length: minutes * 6 }, (_, index) => ({ atSeconds: index * 10, value: value(index / 6) }));

  test("is what swings around a level, however it got there", () => {
    const risesThenStays = curve((minute) => Math.min(100, 40 + 10 * minute) + 5 * Math.sin(7 * minute));
    expect(judgeFlatness(risesThenStays, limit)).toMatchObject({ flat: true });
    expect(judgeFlatness(risesThenStays, limit)?.allowed).toBeCloseTo(10, 0);
    expect(
      judgeFlatness(
        curve((minute) => 100 - minute),
        limit,
      )?.flat,
    ).toBe(true);
  });

  test("is not what grows steadily, hidden in noise ten times as large as a step", () => {
    const leak = curve((minute) => 100 + 0.8 * minute + 4 * Math.sin(97 * minute));
    const found = judgeFlatness(leak, limit);
    expect(found?.flat).toBe(false);
    // 0.8 a minute over the last 20 minutes.
    expect(found?.drift).toBeCloseTo(16, -0.5);
    expect(
      judgeFlatness(
        curve((minute) => 100 + 4 * Math.sin(97 * minute)),
        limit,
      )?.flat,
    ).toBe(true);
  });

  test("is not lost to one wild point, and one wild point does not make it", () => {
    const last = 30 * 6 - 1;
    const wild = (base: (minute: number) => number) =>
      curve(base).map((point, index) => (index === last ? { ...point, value: 10_000 } : point));
    expect(
      judgeFlatness(
        wild(() => 100),
        limit,
      )?.flat,
    ).toBe(true);
    expect(
      judgeFlatness(
        wild((minute) => 100 + minute),
        limit,
      )?.flat,
    ).toBe(false);
  });

  test("may grow by its slack where the share of it would be nothing", () => {
    expect(
      judgeFlatness(
        curve((minute) => 1 + minute / 30),
        { share: 0.1, slack: 1 },
      )?.flat,
    ).toBe(true);
    expect(
      judgeFlatness(
        curve((minute) => 1 + minute / 30),
        { share: 0.1, slack: 0.5 },
      )?.flat,
    ).toBe(false);
  });

  test("cannot be told from a few points", () => {
    const few = Array.from({ length: pointsMin }, (_, index) => ({ atSeconds: index, value: index }));
    expect(judgeFlatness(few, limit)).toBeNull();
    expect(judgeFlatness([], limit)).toBeNull();
  });
});

describe("accounts", () => {
  test("the ledger knows who is missing, who came twice and who was never accepted, in whatever order it is told", () => {
    const ledger = openLedger();
    ledger.accept([
      { id: "a", dueAtMs: 1_000 },
      { id: "b", dueAtMs: 2_000 },
    ]);
    expect(
      ledger.arrive([
        { id: "a", atMs: 1_004 },
        { id: "early", atMs: 1_500 },
      ]),
    ).toEqual([4]);
    expect(ledger.totals()).toEqual({ accepted: 2, arrived: 2, missing: 1, twice: 0, unknown: 1 });
    ledger.accept([{ id: "early", dueAtMs: 1_400 }]);
    expect(
      ledger.arrive([
        { id: "b", atMs: 2_001 },
        { id: "a", atMs: 2_002 },
      ]),
    ).toEqual([1]);
    expect(ledger.totals()).toEqual({ accepted: 3, arrived: 3, missing: 0, twice: 1, unknown: 0 });
  });

  const receiver = { accepted: 9, arrived: 9, missing: 0, twice: 0, unknown: 0 };
  const postgres = { posts: 9, published: 9, attempts: 9, otherOutcomes: 0, publishedEvents: 9 };

  test("are right when receiver and Postgres agree on every post", () => {
    expect(judgeAccounts(receiver, postgres)).toEqual([]);
  });

  test.each([
    [
      "nothing was done",
      { ...receiver, accepted: 0 },
      { ...postgres, posts: 0, published: 0, attempts: 0, publishedEvents: 0 },
    ],
    ["a post is missing", { ...receiver, missing: 1 }, postgres],
    ["a post came twice", { ...receiver, twice: 1 }, postgres],
    ["a stranger came", { ...receiver, unknown: 1 }, postgres],
    ["Postgres lost one", receiver, { ...postgres, posts: 8, published: 8, attempts: 8, publishedEvents: 8 }],
    ["one is not published", receiver, { ...postgres, published: 8 }],
    ["one took two attempts", receiver, { ...postgres, attempts: 10 }],
    ["an attempt failed", receiver, { ...postgres, otherOutcomes: 1 }],
    ["an event is missing", receiver, { ...postgres, publishedEvents: 8 }],
  ])("are wrong when %s", (_what, told, found) => {
    expect(judgeAccounts(told, found)).toHaveLength(1);
  });
});

test("a statement is named after what it writes, else after what it reads", () => {
  const gathered =
    "WITH wanted AS (SELECT * FROM unnest($1)), done AS ( UPDATE posts SET a = 1 FROM wanted ) INSERT INTO attempts SELECT * FROM done";
  expect(statementName(gathered)).toBe("update posts, insert attempts");
  expect(statementName("SELECT 1 FROM posts AS p JOIN social_accounts ON true FOR UPDATE OF p")).toBe(
    "read posts, social_accounts",
  );
  expect(
    statementName(
      "SELECT extract(epoch FROM due_at) FROM posts, LATERAL unnest($1) AS x, ROWS FROM (f($2)) FOR UPDATE SKIP LOCKED",
    ),
  ).toBe("read posts");
  expect(statementName("INSERT INTO rate_blocks VALUES ($1) ON CONFLICT (subject) DO UPDATE SET until = $2")).toBe(
    "insert rate_blocks",
  );
  expect(statementName("COMMIT")).toBe("COMMIT");
});

test("options are read, and what cannot be is refused", () => {
  expect(readOptions([])).toMatchObject({
    plan: { minutes: 30, rate: 300, sampleSeconds: 10, ahead: { from: 2, to: 60 } },
  });
  expect(readOptions(["--read", "a.json", "--chart", "b.png"])).toMatchObject({ read: "a.json", chart: "b.png" });
  expect(() => readOptions(["--rate", "0"])).toThrow("--rate");
  expect(() => readOptions(["--minutes", "soon"])).toThrow("--minutes");
});

test("a short soak publishes every post once, leaves Redis tidy, and says that it was too short to tell more", async () => {
  const directory = makeScratchDirectory("soak-test");
  try {
    const findings = await runSoak(planOf(0.1, 40), directory.path, () => {});
    const verdict = judgeSoak(findings);
    const [pace, once, redis, flat] = verdict.verdicts;
    expect(findings.refusals).toEqual([]);
    expect(pace?.promise).toContain("40 posts/s");
    expect(once, formatReport(findings, verdict)).toMatchObject({ holds: true });
    expect(redis, redis?.because).toMatchObject({ holds: true });
    expect(flat).toMatchObject({ holds: null });
    const last = findings.samples.at(-1);
    expect(Object.keys(last?.processes ?? {})).toEqual(["api", "worker 1", "worker 2"]);
    for (const { residentBytes, heapBytes } of Object.values(last?.processes ?? {})) {
      expect(heapBytes).toBeGreaterThan(1e6);
      expect(residentBytes).toBeGreaterThan(heapBytes);
    }
    expect(last?.redis.keys).toBeGreaterThan(0);
    expect(Object.keys(last?.statements ?? {}).join()).toContain("insert attempts");

    if (findChromium() === null) return;
    const file = path.join(directory.path, "soak.png");
    await drawChart(findings, file);
    expect(statSync(file).size).toBeGreaterThan(20_000);
  } finally {
    directory.remove();
  }
});
