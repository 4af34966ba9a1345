/** The arithmetic of `npm run bench`: what it measures is only worth as much as what it makes of it. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compare, type Row, type Sample } from "./comparison.ts";
import { otherWorkShare, parseProcess, parseTotal, readCpuTime, treeMs, type CpuReading } from "./cpu-time.ts";
import { measureNames, readOptions } from "./options.ts";
import { formatBound, formatTable } from "./report.ts";
import { median, percentile, spreadOf } from "./statistics.ts";
import { fullSizes } from "./sizes.ts";
import { rowsOf } from "./targets.ts";

describe("statistics", () => {
  test("the median is the one in the middle, or the mean of two", () => {
    expect([median([3]), median([9, 1, 5]), median([4, 1, 2, 100])]).toEqual([3, 5, 3]);
    expect(() => median([])).toThrow();
  });

  test("a percentile is a value that was measured", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile(hundred, 1)]).toEqual([50, 99, 100]);
    expect([percentile([7], 0), percentile([7], 0.99)]).toEqual([7, 7]);
    expect(() => percentile([], 0.5)).toThrow();
  });

  test("the spread goes from the least to the most", () => {
    expect(spreadOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
  });
});

describe("comparison", () => {
  const row: Row = {
    measure: "m",
    label: "rate",
    unit: "/s",
    of: { side: "ours", figure: "rate" },
    beside: { side: "floor", figure: "rate" },
    bounds: [
      { kind: "ratio_at_least", value: 0.5 },
      { kind: "value_at_most", value: 40 },
    ],
  };
  const sample = (side: string, repetition: number, rate: number, otherWork: number | null = 0): Sample => {
    return { measure: "m", side, repetition, figures: { rate }, otherWork };
  };

  test("ratios are taken within a repetition, so that a machine that slows down does not change them", () => {
    const slowing = [
      [40, 100],
      [20, 50],
      [80, 200],
    ].flatMap(([ours, floor], index) => [sample("ours", index, ours ?? 0), sample("floor", index, floor ?? 0)]);
    const found = compare(row, slowing);
    expect(found?.ratio).toEqual({ median: 0.4, min: 0.4, max: 0.4 });
    expect(found?.ours).toEqual({ median: 40, min: 20, max: 80 });
    expect(found?.floor?.median).toBe(100);
    const [rate, value] = found?.verdicts ?? [];
    expect(rate?.met).toBe(false);
    expect(rate?.missedBy).toBeCloseTo(0.2);
    expect(value).toEqual({ bound: row.bounds[1], met: true, missedBy: 0 });
  });

  test("one disturbed repetition marks its rows, and an unknown one does not", () => {
    const both = (otherWork: number | null) => [sample("ours", 0, 1, otherWork), sample("floor", 0, 1)];
    expect(compare(row, both(0.2))?.disturbed).toBe(true);
    expect(compare(row, both(0.01))?.disturbed).toBe(false);
    expect(compare(row, both(null))?.disturbed).toBe(false);
    expect(compare(row, [...both(0), { ...sample("ours", 0, 1, 0.9), measure: "another" }])?.disturbed).toBe(false);
  });

  test("a row whose sides were not both measured is left out", () => {
    expect(compare(row, [sample("ours", 0, 1)])).toBeNull();
    expect(compare(row, [sample("floor", 0, 1)])).toBeNull();
  });

  test("the table says what was missed by how much, and judges nothing that is too small to be judged", () => {
    const found = compare(row, [sample("ours", 0, 50, 0.5), sample("floor", 0, 125)]);
    const comparisons = found === null ? [] : [found];
    const judged = formatTable(comparisons, { judged: true });
    expect(judged).toContain("50/s");
    expect(judged).toContain("0.40");
    expect(judged).toContain("≥ 0.50 ×, ≤ 40 /s");
    expect(judged).toContain("missed by 20 %, missed by 25 %; disturbed");
    expect(formatTable(comparisons, { judged: false })).not.toContain("missed");
  });

  test("every bound on a ratio has a floor to be held against", () => {
    const floorless = rowsOf(fullSizes).filter(({ beside, bounds }) => {
      return beside === undefined && bounds.some(({ kind }) => kind !== "value_at_most");
    });
    expect(floorless).toEqual([]);
  });
});

describe("docs/performance.md", () => {
  const page = readFileSync(new URL("../../docs/performance.md", import.meta.url), "utf8");

  test("has every row of the table, with its floor and its target", () => {
    const lines = page.split("\n");
    const start = lines.findIndex((line) => line.startsWith("| measure | beside | target |")) + 2;
    const listed = lines.slice(start, lines.indexOf("", start)).map((line) =>
      line
        .split("|")
        .slice(1, 4)
        .map((cell) => cell.trim()),
    );
    const known = rowsOf(fullSizes).map(({ label, beside, bounds, unit }) => {
      return [label.trim(), beside?.side ?? "", bounds.map((bound) => formatBound(bound, unit)).join(", ")];
    });
    expect(listed).toEqual(known);
  });

  test("explains every measure", () => {
    const explained = [...page.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, names = ""]) =>
      [...names.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name ?? ""),
    );
    expect(explained.toSorted()).toEqual([...measureNames].toSorted());
  });
});

describe("other work", () => {
  const reading = (atMs: number, busyMs: number, ownMs: number, stolenMs = 0): CpuReading => {
    return { atMs, busyMs, ownMs, stolenMs };
  };

  test("is what the processors did and we did not, and what the hypervisor took", () => {
    expect(otherWorkShare(reading(0, 0, 0), reading(1_000, 1_500, 1_300), 2)).toBeCloseTo(0.1);
    expect(otherWorkShare(reading(0, 0, 0), reading(1_000, 1_300, 1_300, 400), 2)).toBeCloseTo(0.2);
    // The kernel's two ways of counting differ a little.
    expect(otherWorkShare(reading(0, 0, 0), reading(1_000, 1_280, 1_300), 2)).toBe(0);
  });

  test("ours is the whole tree of processes, also those that have ended", () => {
    const times = (parent: number, ownMs: number, endedChildrenMs = 0) => ({ parent, ownMs, endedChildrenMs });
    const processes = new Map([
      [1, times(0, 1_000, 5_000)],
      [10, times(1, 10, 5)],
      [11, times(10, 20)],
      [12, times(11, 40, 100)],
      [13, times(1, 9_999)],
    ]);
    expect(treeMs(10, processes)).toBe(175);
  });

  test("is read from what the kernel writes, whatever a process is called", () => {
    expect(parseTotal("cpu  100 20 30 4000 7 8 9 5 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")).toEqual({
      busyMs: 1_500,
      stolenMs: 50,
    });
    const stat = "42 (a) b (c) S 7 42 42 0 -1 4194304 1 2 3 4 11 22 33 44 20 0 1 0 99 1 1 1";
    expect(parseProcess(stat)).toEqual({ parent: 7, ownMs: 330, endedChildrenMs: 770 });
  });

  test.runIf(process.platform === "linux")("counts this very process as ours", () => {
    const before = readCpuTime();
    const until = performance.now() + 100;
    while (performance.now() < until) Math.sqrt(until);
    const after = readCpuTime();
    expect((after?.ownMs ?? 0) - (before?.ownMs ?? 0)).toBeGreaterThan(0);
    expect((after?.busyMs ?? 0) - (before?.busyMs ?? 0)).toBeGreaterThan(0);
  });
});

describe("options", () => {
  test("a quick run makes one repetition, any number can be asked for, and unknown measures are refused", () => {
    expect(readOptions([])).toMatchObject({ quick: false, repetitions: 3, json: null, strict: false });
    expect(readOptions(["--quick"])).toMatchObject({ quick: true, repetitions: 1 });
    expect(readOptions(["--quick", "--repetitions", "2", "--only", "idle,drain", "--json", "out.json"])).toMatchObject({
      repetitions: 2,
      only: ["idle", "drain"],
      json: "out.json",
    });
    expect(() => readOptions(["--only", "nothing"])).toThrow("No such measure: nothing");
    expect(() => readOptions(["--repetitions", "0"])).toThrow();
    expect(() => readOptions(["--quick", "--strict"])).toThrow();
  });
});
