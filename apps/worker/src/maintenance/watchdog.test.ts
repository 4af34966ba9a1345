import { createLogger } from "@punctual/runtime";
import { until } from "@punctual/testing";
import { afterEach, describe, expect, it } from "vitest";
import { createWatchdog, type WatchdogDeps } from "./watchdog.ts";

const logger = createLogger("test", "silent");
const intervalMs = 5;
/** Longer than any machine the tests run on is slow. */
const promptMs = 30_000;

interface World {
  taken: number;
  running: number;
  connected: boolean;
  overdue: number;
  restarts: number;
  gaveUp: string[];
  rounds: number;
  /** What a restart does to the consumer. */
  onRestart: () => void;
  /** What counts as prompt. */
  promptMs: number;
  /** How long Redis takes to answer. */
  answerMs: number;
  /** How long this process has no turn in each round. */
  stoppedMs: number;
}

let stop: (() => Promise<void>) | undefined;
afterEach(async () => stop?.());

/** Watches a consumer whose every reading the test sets; the watchdog judges readings and nothing else. */
async function watch(readings: Partial<World>): Promise<World> {
  const world: World = {
    taken: 0,
    running: 0,
    connected: true,
    overdue: 1,
    restarts: 0,
    gaveUp: [],
    rounds: 0,
    onRestart: () => {},
    promptMs,
    answerMs: 0,
    stoppedMs: 0,
    ...readings,
  };
  const deps: WatchdogDeps = {
    consumer: {
      lane: "webhook",
      running: () => world.running,
      taken: () => {
        world.rounds += 1;
        pass(world.stoppedMs);
        return world.taken;
      },
      isConnected: () => world.connected,
      stop: async () => {},
      start: async () => {
        world.restarts += 1;
        world.onRestart();
      },
    },
    census: {
      overdue: async () => {
        pass(world.answerMs);
        return world.overdue;
      },
    },
    logger,
    giveUp: (reason) => void world.gaveUp.push(reason),
  };
  const watchdog = createWatchdog(deps, { intervalMs, promptMs: world.promptMs });
  stop = () => watchdog.stop();
  await watchdog.start();
  return world;
}

/** Time goes by. */
function pass(ms: number): void {
  for (const beganAt = performance.now(); performance.now() - beganAt < ms;);
}

const rounds = (world: World, count: number) => until(`${count} rounds`, async () => world.rounds >= count);

describe("the watchdog", () => {
  it("restarts a consumer that is connected but takes nothing, and gives up when that does not help", async () => {
    const world = await watch({});
    await until("it gives up", async () => world.gaveUp.length > 0);
    expect(world.restarts).toBe(1);
    expect(world.gaveUp[0]).toContain("webhook");
  });

  it("is content once the restarted consumer takes jobs", async () => {
    const world = await watch({});
    world.onRestart = () => {
      world.taken += 1;
      world.overdue = 0;
    };
    await until("it restarts the consumer", async () => world.restarts === 1);
    await rounds(world, world.rounds + 12);
    expect(world.restarts).toBe(1);
    expect(world.gaveUp).toEqual([]);
  });

  it.each([
    ["nothing is due", { overdue: 0 }],
    ["Redis is away, when nothing can be taken", { connected: false }],
    ["long sends are running", { running: 1 }],
    ["Redis has no turn on its machine", { promptMs: 20, answerMs: 40 }],
    ["this process has no turn on its machine", { promptMs: 20, stoppedMs: 40 }],
  ])("does nothing while %s", async (_when, readings) => {
    const world = await watch(readings);
    await rounds(world, 12);
    expect(world.restarts).toBe(0);
    expect(world.gaveUp).toEqual([]);
  });
});
