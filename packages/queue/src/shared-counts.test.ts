/** Two processes telling each other what they counted, on a Redis that is emptied, frozen and killed under them. */
import { createLogger } from "@punctual/runtime";
import { startOwnRedis, until, type OwnRedis } from "@punctual/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { connectRedis } from "./redis.ts";
import { openSharedCounts, type SharedCounts } from "./shared-counts.ts";

const logger = createLogger("test", "silent");
const keptMs = 60_000;

let redis: OwnRedis;
let inspector: ReturnType<typeof connectRedis>;
let mine: SharedCounts;
let theirs: SharedCounts;

beforeAll(async () => {
  redis = await startOwnRedis();
  inspector = connectRedis(redis.url, "consumer", logger);
});
afterAll(async () => {
  inspector.disconnect();
  await redis.close();
});
beforeEach(async () => {
  await inspector.flushall();
  [mine, theirs] = [open(), open()] as [SharedCounts, SharedCounts];
  await until("both are connected", async () => (await heard(mine)) !== null && (await heard(theirs)) !== null);
  await inspector.flushall();
});
afterEach(async () => {
  await mine.stop();
  await theirs.stop();
});

const open = () => openSharedCounts({ redisUrl: redis.url, prefix: "counts", keptMs }, { logger });

/** Tells these counts; what the others counted, or null if Redis did not answer. */
async function heard(from: SharedCounts, counts: Record<number, number> = {}, oldestStep = 0) {
  const own = new Map(Object.entries(counts).map(([step, count]) => [Number(step), count]));
  const learned = await from.exchange([{ name: "a", counts: own }], oldestStep);
  const others = learned.get("a");
  return others === undefined ? null : Object.fromEntries([...others].filter(([, count]) => count > 0));
}

test("each learns what the others counted, step by step, and never its own", async () => {
  expect(await heard(mine, { 7: 2, 8: 1 })).toEqual({});
  expect(await heard(theirs, { 8: 5 })).toEqual({ 7: 2, 8: 1 });
  expect(await heard(mine, { 7: 2, 8: 3 })).toEqual({ 8: 5 });
  const third = open();
  await until("the third has heard both", async () => {
    const all = await heard(third);
    return all !== null && JSON.stringify(all) === JSON.stringify({ 7: 2, 8: 8 });
  });
  await third.stop();
});

test("saying it again changes nothing", async () => {
  for (let round = 0; round < 3; round += 1) await heard(mine, { 7: 2 });
  expect(await heard(theirs)).toEqual({ 7: 2 });
});

test("an emptied Redis knows it all again after a round of each", async () => {
  await heard(mine, { 7: 2 });
  await heard(theirs, { 7: 3 });
  await inspector.flushall();
  await heard(mine, { 7: 2 });
  expect(await heard(theirs, { 7: 3 })).toEqual({ 7: 2 });
  expect(await heard(mine, { 7: 2 })).toEqual({ 7: 3 });
});

test("more names than fit one round trip are all told and heard", async () => {
  const names = Array.from({ length: 1_201 }, (_, index) => ({ name: `n${index}`, counts: new Map([[1, index]]) }));
  expect((await mine.exchange(names, 0)).size).toBe(1_201);
  const learned = await theirs.exchange(names, 0);
  expect(learned.get("n1200")).toEqual(new Map([[1, 1_200]]));
});

test("Redis forgets old steps, and names nobody asks for", async () => {
  await heard(mine, { 7: 2 });
  await heard(theirs, { 8: 1 }, 8);
  const fields = Object.keys(await inspector.hgetall("counts:a"));
  expect(fields.map((field) => field.split(":")[0])).toEqual(["8"]);
  const livesMs = await inspector.pttl("counts:a");
  expect(livesMs).toBeGreaterThan(0);
  expect(livesMs).toBeLessThanOrEqual(keptMs);
});

test("what somebody else wrote there counts for nothing", async () => {
  await inspector.hset("counts:a", "x", "5", "9:y", "-5", "9:z", "many", "1e400:z", "1");
  expect(await heard(mine)).toEqual({});
  await inspector.set("counts:b", "no hash");
  expect(await mine.exchange([{ name: "b", counts: new Map([[1, 1]]) }], 0)).toEqual(new Map());
});

test("while Redis is frozen or away nothing is learned and nothing throws, and afterwards all is as before", async () => {
  await heard(mine, { 7: 2 });
  redis.freeze();
  expect(await heard(theirs, { 7: 1 })).toBeNull();
  redis.thaw();
  await until("it answers again", async () => (await heard(theirs, { 7: 1 })) !== null);
  expect(await heard(theirs, { 7: 1 })).toEqual({ 7: 2 });
  await redis.kill();
  expect(await heard(mine, { 7: 2 })).toBeNull();
  await redis.restart();
  await until("they hear of each other again", async () => {
    await heard(theirs, { 7: 1 });
    return JSON.stringify(await heard(mine, { 7: 2 })) === JSON.stringify({ 7: 1 });
  });
});
