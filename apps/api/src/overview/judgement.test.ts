import type { WorkerRecord } from "@punctual/db";
import { describe, expect, test } from "vitest";
import type { InstallationFacts } from "./installation-facts.ts";
import { judge, successRate, watchedServices } from "./judgement.ts";

const now = new Date("2027-03-01T12:00:00Z");
const ago = (ms: number) => new Date(now.getTime() - ms);

function worker(changes: Partial<WorkerRecord> = {}): WorkerRecord {
  const services = Object.values(watchedServices).flat();
  return {
    id: "worker-1",
    host: "worker-1",
    version: "0.1.0",
    platforms: ["letter"],
    concurrency: 50,
    running: 0,
    stopping: false,
    lanes: [{ queue: "publish-letter", running: 0, taken: 5, probeAgeMs: 4_000 }],
    services: services.map((name) => ({ name, idleMs: 500, failing: false })),
    startedAt: ago(3_600_000),
    lastSeenAt: ago(1_000),
    silentMs: 1_000,
    ...changes,
  };
}

interface Changes extends Partial<Omit<InstallationFacts, "figures" | "day">> {
  due?: Partial<InstallationFacts["figures"]["due"][number]>;
  figures?: Partial<InstallationFacts["figures"]>;
  day?: Partial<InstallationFacts["day"]>;
}

/** An installation where all is well, except for this. */
function facts({ due, figures, day, ...changes }: Changes = {}): InstallationFacts {
  const nothingDue = { dueIn1m: 0, dueIn5m: 0, dueIn15m: 0, overdue: 0, oldestClaimableMs: null };
  return {
    figures: {
      now,
      due: [{ platform: "letter", ...nothingDue, ...due }],
      limited: 0,
      withoutJob: 0,
      failed24h: 0,
      missed24h: 0,
      undecided: 0,
      disconnectedAccounts: 0,
      lastError: null,
      ...figures,
    },
    counts: [{ platform: "letter", status: "scheduled", count: 3 }],
    day: { acceptedToday: 10, publishedToday: 10, published24h: 100, failures: [], ...day },
    workers: [worker()],
    recent: { lateness: { count: 10, p50Ms: 5, p99Ms: 40, maxMs: 90 }, platforms: [] },
    redis: { kind: "fit", version: "8.2.1" },
    queues: [{ queue: "publish-letter", waiting: 0, active: 0, delayed: 3, failed: 0 }],
    ...changes,
  };
}

const codes = (given: InstallationFacts) => judge(given).reasons.map(({ code }) => code);
const failing = (published: number, failures: [string, number][]) => ({
  lateness: { count: 0, p50Ms: null, p99Ms: null, maxMs: null },
  platforms: [{ platform: "letter", published, failures: new Map(failures) }],
});

test("amounts are told as people do", () => {
  const message = (figures: NonNullable<Changes["figures"]>) => judge(facts({ figures })).reasons[0]?.message;
  expect([message({ withoutJob: 1 }), message({ withoutJob: 1_234 })]).toEqual([
    "1 waiting post has no job in Redis; it goes out from Postgres, up to 2 s late.",
    "1,234 waiting posts have no job in Redis; they go out from Postgres, up to 2 s late.",
  ]);
  expect([
    message({ undecided: 1 }),
    message({ disconnectedAccounts: 1 }),
    message({ disconnectedAccounts: 2 }),
  ]).toEqual([
    "1 unconfirmed post waits for somebody to look at the platform and decide.",
    "1 account must be reconnected; its posts are held.",
    "2 accounts must be reconnected; their posts are held.",
  ]);
  const overdue = judge(facts({ due: { oldestClaimableMs: 26_000, overdue: 1 } })).reasons[0]?.message;
  expect(overdue).toMatch(/^1 post for letter is overdue/);
});

test("where nothing is wrong nothing is said", () => {
  expect(judge(facts())).toEqual({ state: "healthy", reasons: [] });
});

describe("posts do not go out", () => {
  test.each([
    ["no worker was ever heard of", []],
    ["the last one is silent", [worker({ silentMs: 15_001 })]],
    ["the last one is stopping", [worker({ stopping: true })]],
    ["the only one publishes elsewhere", [worker({ platforms: ["telegram"] })]],
  ])("when some are due and %s", (_when, workers) => {
    const { state, reasons } = judge(facts({ workers, due: { oldestClaimableMs: 0 } }));
    expect(state).toBe("down");
    expect(reasons[0]).toMatchObject({
      code: "no_worker",
      severity: "down",
      message: expect.stringMatching(/letter/) as string,
    });
  });

  test("nor will they, when no worker is live at all, and it is said once", () => {
    for (const counts of [[], [{ platform: "letter", status: "scheduled", count: 3 }]] as const) {
      const { state, reasons } = judge(facts({ workers: [], counts: [...counts] }));
      expect([state, reasons.map(({ code }) => code)]).toEqual(["down", ["no_worker"]]);
    }
    const due = facts({ workers: [], due: { oldestClaimableMs: 0, overdue: 1 } });
    expect(judge(due).reasons.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Posts for letter are due/),
    ]);
  });

  test("when the longest due has waited too long although a worker lives", () => {
    expect(judge(facts({ due: { oldestClaimableMs: 25_001, overdue: 7 } }))).toMatchObject({
      state: "down",
      reasons: [
        {
          code: "overdue",
          message: expect.stringMatching(/^7 posts for letter are overdue, the longest for 25 s/) as string,
        },
      ],
    });
    expect(judge(facts({ due: { oldestClaimableMs: 25_000, overdue: 7 } })).state).toBe("healthy");
  });

  test("when Redis may evict", () => {
    const reasons = ["Redis may evict keys: set maxmemory-policy to noeviction (it is allkeys-lru)."];
    expect(judge(facts({ redis: { kind: "unfit", reasons } }))).toMatchObject({
      state: "down",
      reasons: [{ message: reasons[0] }],
    });
  });
});

describe("posts go out, and something is wrong", () => {
  test.each<[string, Changes, string]>([
    ["posts wait and nobody will publish them", { workers: [worker({ platforms: ["telegram"] })] }, "no_live_worker"],
    ["Redis is away", { redis: { kind: "away" }, queues: null }, "redis_away"],
    ["posts have no job", { figures: { withoutJob: 4 } }, "jobs_missing"],
    [
      "probes do not come through",
      { workers: [worker({ lanes: [{ queue: "publish-letter", running: 0, taken: 5, probeAgeMs: 45_000 }] })] },
      "queue_stuck",
    ],
    [
      "no probe ever came",
      { workers: [worker({ lanes: [{ queue: "publish-letter", running: 0, taken: 5, probeAgeMs: null }] })] },
      "queue_stuck",
    ],
    ["a service does no rounds", { workers: [worker({ services: [] })] }, "service_stands"],
    [
      "a platform fails more than it succeeds",
      {
        recent: failing(9, [
          ["network", 6],
          ["platform", 4],
        ]),
      },
      "platform_failing",
    ],
    [
      "half of the posts are late",
      { recent: { lateness: { count: 10, p50Ms: 5_001, p99Ms: 9_000, maxMs: 9_000 }, platforms: [] } },
      "late",
    ],
    ["too many posts fail", { figures: { failed24h: 4, missed24h: 2 } }, "low_success"],
  ])("when %s", (_when, changes, code) => {
    const { state, reasons } = judge(facts(changes));
    expect(state).toBe("degraded");
    expect(reasons.map((reason) => reason.code)).toContain(code);
  });

  test.each<[string, Changes]>([
    ["a platform refuses what people wrote", { recent: failing(0, [["rejected", 50]]) }],
    ["few posts failed, of few", { figures: { failed24h: 2 }, day: { published24h: 3 } }],
    [
      "a worker is too young to have seen a probe",
      {
        workers: [
          worker({
            startedAt: ago(20_000),
            services: [],
            lanes: [{ queue: "publish-letter", running: 0, taken: 0, probeAgeMs: null }],
          }),
        ],
      },
    ],
    [
      "nobody takes from a queue that nobody needs",
      { queues: [{ queue: "publish-telegram", waiting: 0, active: 0, delayed: 0, failed: 0 }] },
    ],
    ["95 of 100 posts went out", { figures: { failed24h: 5 }, day: { published24h: 95 } }],
  ])("but not when %s", (_when, changes) => {
    expect(codes(facts(changes))).toEqual([]);
  });

  test("what one worker does another need not", () => {
    const workers = [worker({ services: [] }), worker({ id: "worker-2" })];
    expect(codes(facts({ workers }))).toEqual([]);
  });
});

test("what waits for a person is a notice, and leaves the state alone", () => {
  const figures = { undecided: 2, disconnectedAccounts: 1 };
  const workers = [worker(), worker({ id: "worker-2", silentMs: 60_000 })];
  expect(judge(facts({ figures, workers })).state).toBe("healthy");
  expect(codes(facts({ figures, workers }))).toEqual(["worker_silent", "undecided", "disconnected"]);
});

test("the most severe reason comes first", () => {
  const given = facts({
    figures: { undecided: 1, withoutJob: 1 },
    workers: [],
    due: { oldestClaimableMs: 30_000, overdue: 1 },
  });
  expect(judge(given).reasons.map(({ severity }) => severity)).toEqual(["down", "down", "degraded", "notice"]);
});

test("the rate of success counts what failed or was missed and still is", () => {
  expect(successRate(facts({ figures: { failed24h: 1, missed24h: 3 }, day: { published24h: 12 } }))).toBe(0.75);
  expect(successRate(facts({ day: { published24h: 0 } }))).toBeNull();
});
