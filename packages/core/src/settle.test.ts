import { describe, expect, test } from "vitest";
import { renewalTimes } from "./credential-life.ts";
import type { Outcome } from "./outcome.ts";
import { postTransitions } from "./post-state.ts";
import { defaultRetryPolicy } from "./retry-policy.ts";
import { settle, settleAbandoned, type Guarantee, type SettleContext, type Settlement } from "./settle.ts";

const guarantees: readonly Guarantee[] = ["idempotent", "confirmable", "at_most_once"];
const maxAttempts = 5;
const detail = { code: "http_503", message: "the receiver answered 503", httpStatus: 503 };

const outcomes = {
  published: { kind: "published", externalId: "42", httpStatus: 200 },
  "retry network": { kind: "retry", category: "network", ...detail },
  "retry platform": { kind: "retry", category: "platform", ...detail },
  "retry internal": { kind: "retry", category: "internal", ...detail },
  wait: { kind: "wait", waitMs: 30_000, ...detail },
  "reconnect auth": { kind: "reconnect", category: "auth", credentialsVersion: 7, ...detail },
  "reconnect permission": { kind: "reconnect", category: "permission", credentialsVersion: 7, ...detail },
  rejected: { kind: "rejected", category: "rejected", ...detail },
  duplicate: { kind: "rejected", category: "duplicate", ...detail },
  unknown: { kind: "unknown", ...detail },
} as const satisfies Record<string, Outcome>;
type OutcomeName = keyof typeof outcomes;

/** What follows: with budget left, with the budget spent; and both again while an earlier answer is missing. */
type Row = readonly [left: string, spent: string, openLeft: string, openSpent: string];
const anyGuarantee: Record<Exclude<OutcomeName, "unknown">, Row> = {
  published: ["published", "published", "published", "published"],
  "retry network": ["retrying", "failed", "retrying open", "unconfirmed"],
  "retry platform": ["retrying", "failed", "retrying open", "unconfirmed"],
  "retry internal": ["retrying", "failed", "retrying open", "unconfirmed"],
  wait: ["retrying", "retrying", "retrying open", "retrying open"],
  "reconnect auth": ["held", "held", "held open", "held open"],
  "reconnect permission": ["held", "held", "held open", "held open"],
  rejected: ["failed", "failed", "unconfirmed", "unconfirmed"],
  duplicate: ["failed", "failed", "unconfirmed", "unconfirmed"],
};
const unknownBy: Record<Guarantee, Row> = {
  idempotent: ["retrying open", "unconfirmed", "retrying open", "unconfirmed"],
  confirmable: ["unconfirmed", "unconfirmed", "unconfirmed", "unconfirmed"],
  at_most_once: ["unconfirmed", "unconfirmed", "unconfirmed", "unconfirmed"],
};

function context(changes: Partial<SettleContext> = {}): SettleContext {
  return {
    attemptsUsed: 1,
    waitsBefore: 0,
    maxAttempts,
    guarantee: "idempotent",
    outcomeOpen: false,
    policy: defaultRetryPolicy,
    random: 0.5,
    ...changes,
  };
}

function delayOf(outcome: Outcome, changes: Partial<SettleContext> = {}): number {
  return (settle(outcome, context(changes)) as { delayMs: number }).delayMs;
}

function inWords(settlement: Settlement): string {
  return "outcomeOpen" in settlement && settlement.outcomeOpen ? `${settlement.status} open` : settlement.status;
}

describe.each(guarantees)("on a platform that is %s", (guarantee) => {
  test.each(Object.entries<Row>({ ...anyGuarantee, unknown: unknownBy[guarantee] }))("%s leads to %j", (name, row) => {
    const outcome = outcomes[name as OutcomeName];
    const cases = [false, true].flatMap((outcomeOpen) =>
      [1, maxAttempts].map((attemptsUsed) => settle(outcome, context({ guarantee, outcomeOpen, attemptsUsed }))),
    );
    expect(cases.map(inWords)).toEqual(row);
  });
});

test("a success keeps what the platform said of it", () => {
  expect(settle(outcomes.published, context())).toEqual({ status: "published", published: outcomes.published });
});

test("whatever is not a success says why, in the category it is counted under", () => {
  const expected: Record<Exclude<OutcomeName, "published">, string> = {
    "retry network": "network",
    "retry platform": "platform",
    "retry internal": "internal",
    wait: "rate_limited",
    "reconnect auth": "auth",
    "reconnect permission": "permission",
    rejected: "rejected",
    duplicate: "duplicate",
    unknown: "unknown_outcome",
  };
  for (const [name, category] of Object.entries(expected)) {
    const settlement = settle(outcomes[name as OutcomeName], context());
    expect(settlement, name).toMatchObject({ failure: { category, code: detail.code, message: detail.message } });
  }
});

test("a refusal of credentials names the version that was refused", () => {
  expect(settle(outcomes["reconnect auth"], context())).toMatchObject({ status: "held", credentialsVersion: 7 });
});

test("each attempt counts, only waiting for a limit does not", () => {
  expect(settle(outcomes["retry platform"], context())).toMatchObject({ counts: true });
  expect(settle(outcomes.unknown, context())).toMatchObject({ counts: true });
  expect(settle(outcomes.wait, context())).toMatchObject({ counts: false });
});

test("a lost answer is asked for again as soon as a network fault is retried", () => {
  const network = settle(outcomes["retry network"], context({ attemptsUsed: 2 }));
  expect(settle(outcomes.unknown, context({ attemptsUsed: 2 }))).toMatchObject({
    delayMs: (network as { delayMs: number }).delayMs,
  });
});

describe("a wait the platform asked for", () => {
  test("is kept to the millisecond", () => {
    expect(delayOf({ ...outcomes.wait, waitMs: 12_345 })).toBe(12_345);
    expect(delayOf({ ...outcomes["retry platform"], notBeforeMs: 123_456 })).toBe(123_456);
  });

  test("never shortens the backoff", () => {
    expect(delayOf({ ...outcomes["retry platform"], notBeforeMs: 1 })).toBe(delayOf(outcomes["retry platform"]));
  });

  test("is not believed beyond a day", () => {
    const year = 365 * 86_400_000;
    expect(delayOf({ ...outcomes.wait, waitMs: year })).toBe(defaultRetryPolicy.toldWaitMaxMs);
    expect(delayOf({ ...outcomes["retry platform"], notBeforeMs: year })).toBe(defaultRetryPolicy.toldWaitMaxMs);
    expect(delayOf({ ...outcomes.wait, waitMs: Infinity })).toBe(defaultRetryPolicy.toldWaitMaxMs);
  });

  test("is at least a second where it costs no attempt, or a post would be sent over and over", () => {
    for (const waitMs of [0, -5_000, 1]) {
      expect(delayOf({ ...outcomes.wait, waitMs })).toBe(defaultRetryPolicy.limitWaitMinMs);
    }
    expect(defaultRetryPolicy.limitWaitMinMs).toBeGreaterThanOrEqual(1_000);
  });

  test("grows where a limit turns the post away again and again, whatever it tells", () => {
    const waits = [0, 1, 2, 3, 10, 1_000].map((waitsBefore) =>
      delayOf({ ...outcomes.wait, waitMs: 0 }, { waitsBefore }),
    );
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 60_000, 60_000]);
    expect(delayOf({ ...outcomes.wait, waitMs: 90_000 }, { waitsBefore: 10 })).toBe(90_000);
  });

  test("is never negative and always whole", () => {
    expect(delayOf({ ...outcomes.wait, waitMs: 1_500.5 })).toBe(1_501);
    expect(delayOf({ ...outcomes["retry platform"], notBeforeMs: -5_000 })).toBe(delayOf(outcomes["retry platform"]));
  });
});

describe("a worker that died before sending", () => {
  test("leaves the post to the next one at once, at the cost of an attempt", () => {
    expect(settleAbandoned({ attemptsUsed: 1, maxAttempts, outcomeOpen: false })).toMatchObject({
      status: "retrying",
      delayMs: 0,
      outcomeOpen: false,
      counts: true,
      failure: { category: "internal", code: "worker_lost" },
    });
  });

  test("does not settle an earlier answer that is missing", () => {
    const open = { maxAttempts, outcomeOpen: true };
    expect(inWords(settleAbandoned({ ...open, attemptsUsed: 1 }))).toBe("retrying open");
    expect(inWords(settleAbandoned({ ...open, attemptsUsed: maxAttempts }))).toBe("unconfirmed");
  });

  test("ends the post if that was its last attempt", () => {
    expect(settleAbandoned({ attemptsUsed: maxAttempts, maxAttempts, outcomeOpen: false }).status).toBe("failed");
  });
});

/** Histories from a seed, so that one that fails can be looked at again. */
describe("through any history", () => {
  const seeds = Array.from({ length: 3_000 }, (_, index) => index + 1);

  test("a post only ever enters states the table allows from publishing", () => {
    const entered = new Set(seeds.flatMap((seed) => history(seed).steps.map(({ settlement }) => settlement.status)));
    for (const status of entered) expect(postTransitions.publishing).toContain(status);
    expect([...entered].toSorted()).toEqual([...postTransitions.publishing].toSorted());
  });

  test("a post whose answer was lost never ends failed, and forgets the loss only by being published", () => {
    for (const seed of seeds) {
      const { steps } = history(seed);
      const lost = steps.findIndex(({ outcome }) => outcome.kind === "unknown");
      if (lost === -1) continue;
      for (const { settlement } of steps.slice(lost)) {
        const words = inWords(settlement);
        expect(["published", "unconfirmed", "retrying open", "held open"], `seed ${seed}`).toContain(words);
      }
    }
    expect(seeds.some((seed) => history(seed).steps.some(({ outcome }) => outcome.kind === "unknown"))).toBe(true);
  });

  test("on a platform where a repeat is not harmless nothing is sent after a lost answer", () => {
    for (const seed of seeds) {
      const { steps, guarantee } = history(seed);
      const lost = steps.findIndex(({ outcome }) => outcome.kind === "unknown");
      if (guarantee === "idempotent" || lost === -1) continue;
      expect(steps[lost]?.settlement.status, `seed ${seed}`).toBe("unconfirmed");
      expect(steps.length, `seed ${seed}`).toBe(lost + 1);
    }
  });

  test("a post uses its budget of attempts and no more, and ends", () => {
    for (const seed of seeds) {
      const { steps, budget } = history(seed);
      const counted = steps.filter(({ outcome }) => outcome.kind !== "wait").length;
      expect(counted, `seed ${seed}`).toBeLessThanOrEqual(budget);
      expect(["published", "failed", "unconfirmed", "held"], `seed ${seed}`).toContain(steps.at(-1)?.settlement.status);
    }
  });

  test("every wait is whole, not negative and bounded", () => {
    const { toldWaitMaxMs } = defaultRetryPolicy;
    const delays = seeds.flatMap((seed) =>
      history(seed).steps.flatMap(({ settlement }) => (settlement.status === "retrying" ? [settlement.delayMs] : [])),
    );
    expect(delays.every((delay) => Number.isSafeInteger(delay) && delay >= 0 && delay <= toldWaitMaxMs)).toBe(true);
    expect(delays.length).toBeGreaterThan(1_000);
  });
});

test("credentials that can be renewed are, once, before the account is blamed; that costs no attempt", () => {
  const renewable = { renewable: true, attemptsUsed: maxAttempts, outcomeOpen: true };
  expect(settle(outcomes["reconnect auth"], context(renewable))).toMatchObject({
    status: "retrying",
    delayMs: renewalTimes.waitMs,
    counts: false,
    outcomeOpen: true,
    failure: { category: "auth" },
  });
  expect(settle(outcomes["reconnect permission"], context(renewable)).status).toBe("held");
});

test("a platform's word about an account or the app is passed on, one about the post is not", () => {
  const blocks = (scope: "post" | "account" | "app") =>
    (settle({ ...outcomes.wait, scope }, context()) as { blocks?: string }).blocks;
  expect([blocks("post"), blocks("account"), blocks("app")]).toEqual([undefined, "account", "app"]);
});

/** One post from its first attempt until nothing follows by itself, limits included at most twenty times. */
function history(seed: number) {
  const random = randomFrom(seed);
  const pick = <Value>(values: readonly Value[]) => values[Math.floor(random() * values.length)] as Value;
  const guarantee = pick(guarantees);
  const budget = 1 + Math.floor(random() * 20);
  const steps: { outcome: Outcome; settlement: Settlement }[] = [];
  let attemptsUsed = 0;
  let outcomeOpen = false;
  let waits = 0;
  for (;;) {
    let outcome: Outcome = pick(Object.values(outcomes));
    if (outcome.kind === "wait" && (waits += 1) > 20) outcome = outcomes.published;
    attemptsUsed += 1;
    const settlement = settle(outcome, {
      attemptsUsed,
      waitsBefore: waits,
      maxAttempts: budget,
      guarantee,
      outcomeOpen,
      policy: defaultRetryPolicy,
      random: random(),
    });
    steps.push({ outcome, settlement });
    if (settlement.status !== "retrying") return { steps, guarantee, budget };
    if (!settlement.counts) attemptsUsed -= 1;
    outcomeOpen = settlement.outcomeOpen;
  }
}

/** Mulberry32: the same numbers in [0, 1) for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
