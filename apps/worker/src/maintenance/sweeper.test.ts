import type { Outlook } from "@punctual/db";
import { createLogger, type Service } from "@punctual/runtime";
import { until } from "@punctual/testing";
import { afterEach, expect, test } from "vitest";
import { createSweeper } from "./sweeper.ts";

const anHourMs = 3_600_000;

let sweeper: Service;
const logged: Record<string, unknown>[] = [];
const logger = createLogger("test", "debug", {
  write: (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>),
});

afterEach(() => sweeper.stop());

function sweep(intervalMs: number, round: (count: number) => Promise<boolean>): () => number {
  let count = 0;
  logged.length = 0;
  sweeper = createSweeper(
    { name: "test", intervalMs },
    {
      logger,
      sweep: () => {
        count += 1;
        return round(count);
      },
    },
  );
  return () => count;
}

test("it sweeps at once, and again after each pause", async () => {
  const rounds = sweep(1, async () => false);
  await sweeper.start();
  await until("some rounds", async () => rounds() >= 5);
  expect(rounds()).toBeGreaterThanOrEqual(5);
});

test("it does not pause while there is more to do", async () => {
  const rounds = sweep(anHourMs, async (count) => count < 50);
  await sweeper.start();
  await until("all to be done", async () => rounds() === 50);
  expect(rounds()).toBe(50);
});

test("it outlives every error, says so once, and says when it works again", async () => {
  const rounds = sweep(1, async (count) => {
    if (count <= 2) throw new Error("Postgres is away");
    return false;
  });
  await sweeper.start();
  await until("it to work again", async () => rounds() >= 4);
  const said = logged.map(({ msg }) => msg);
  expect(said).toEqual(["maintenance failed, trying again", "maintenance works again"]);
});

test("it ends in its pause, however long that is", async () => {
  const rounds = sweep(anHourMs, async () => false);
  await sweeper.start();
  await until("the first round", async () => rounds() === 1);
  await sweeper.stop();
  await sweeper.stop();
  expect(rounds()).toBe(1);
});

test("it ends after the round that runs, and begins none", async () => {
  let finish = () => {};
  const rounds = sweep(0, () => new Promise((resolve) => (finish = () => resolve(true))));
  await sweeper.start();
  await until("a round to run", async () => rounds() === 1);
  const stopped = sweeper.stop();
  finish();
  await stopped;
  expect(rounds()).toBe(1);
});

test("a round that hangs does not keep it from ending", async () => {
  const rounds = sweep(1, () => new Promise(() => {}));
  await sweeper.start();
  await until("a round to run", async () => rounds() === 1);
  await sweeper.stop();
  expect(rounds()).toBe(1);
});

test("starting twice runs it once, and stopping before the start is no fault", async () => {
  const rounds = sweep(anHourMs, async () => false);
  await sweeper.stop();
  await sweeper.start();
  await sweeper.start();
  await until("a round", async () => rounds() > 0);
  expect(rounds()).toBe(1);
});

test("with a lookout each round is told what the next look shows, and nothing while there is more to do", async () => {
  const told: (number | null | undefined)[] = [];
  let looks = 0;
  const lookout = { next: async () => ({ deliveryInMs: (looks += 1) }) as Outlook };
  sweeper = createSweeper(
    { name: "test", intervalMs: 1 },
    {
      logger,
      lookout,
      async sweep(_stopping, outlook) {
        told.push(outlook === null ? null : outlook.deliveryInMs);
        return told.length === 2;
      },
    },
  );
  await sweeper.start();
  await until("some rounds", async () => told.length >= 4);
  expect(told.slice(0, 4)).toEqual([1, 2, null, 3]);
});

test("it ends while it waits for a look", async () => {
  const lookout = { next: () => new Promise<null>(() => {}) };
  let rounds = 0;
  sweeper = createSweeper({ name: "test", intervalMs: 1 }, { logger, lookout, sweep: async () => (rounds += 1) < 0 });
  await sweeper.start();
  const started = performance.now();
  await sweeper.stop();
  // It gives up on a round that hangs after three seconds.
  expect(performance.now() - started).toBeLessThan(2_500);
  expect(rounds).toBe(0);
});

test("now and then a round looks for itself, whatever the lookout says", async () => {
  const lookout = { next: async () => ({}) as Outlook };
  let ownLooks = 0;
  sweeper = createSweeper(
    { name: "test", intervalMs: 1, ownLookIntervalMs: 20 },
    { logger, lookout, sweep: async (_stopping, outlook) => (ownLooks += outlook === null ? 1 : 0) < 0 },
  );
  await sweeper.start();
  await until("it to look for itself", async () => ownLooks >= 2);
  expect(ownLooks).toBeGreaterThanOrEqual(2);
});
