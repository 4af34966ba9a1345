import type { Outlook } from "@punctual/db";
import { createLogger } from "@punctual/runtime";
import { expect, test } from "vitest";
import { createLookout } from "./lookout.ts";
import { createPulse } from "./pulse.ts";

const logger = createLogger("test", "silent");
const anHourMs = 3_600_000;

/** Told apart by a number. */
function numbered(number: number): Outlook {
  return { deliveryInMs: number } as Outlook;
}

test("everybody who asks before a look begins shares it, and whoever asks later gets a later one", async () => {
  let looks = 0;
  const { next } = createLookout({ look: async () => numbered((looks += 1)), logger }, { intervalMs: 5 });
  const first = await Promise.all([next(), next(), next()]);
  expect(first).toEqual([numbered(1), numbered(1), numbered(1)]);
  for (let round = 2; round <= 6; round += 1) expect(await next()).toEqual(numbered(round));
  expect(looks).toBe(6);
});

test("a look begins after it was asked for: one that is under way is not joined", async () => {
  let begun = 0;
  let answer = () => {};
  const look = async () => {
    begun += 1;
    const number = begun;
    if (number === 1) await new Promise<void>((resolve) => (answer = resolve));
    return numbered(number);
  };
  const { next } = createLookout({ look, logger }, { intervalMs: 1, timeoutMs: anHourMs });
  const early = next();
  await expect.poll(() => begun).toBe(1);
  const late = next();
  answer();
  expect(await Promise.all([early, late])).toEqual([numbered(1), numbered(2)]);
});

test("looks are no closer than their interval, however many ask", async () => {
  const times: number[] = [];
  const look = async () => {
    times.push(performance.now());
    return numbered(0);
  };
  const { next } = createLookout({ look, logger }, { intervalMs: 50 });
  await next();
  for (let round = 0; round < 4; round += 1) await Promise.all([next(), next()]);
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  // A tenth is chance, and timers of Node may fire a millisecond early.
  for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(50 * 0.9 - 2);
});

test("a look that fails tells nothing, once it works it tells again, and its failing shows", async () => {
  const pulse = createPulse();
  let away = true;
  const look = async () => {
    if (away) throw new Error("Postgres is away");
    return numbered(1);
  };
  const { next } = createLookout({ look, logger, pulse }, { intervalMs: 1 });
  expect(await next()).toBeNull();
  expect(pulse.services()).toMatchObject([{ name: "lookout", failing: true }]);
  away = false;
  expect(await next()).toEqual(numbered(1));
  expect(pulse.services()).toMatchObject([{ name: "lookout", failing: false }]);
});

test("a look without an answer keeps nobody waiting, and no further one is sent meanwhile", async () => {
  let looks = 0;
  let answer = () => {};
  const look = () => {
    looks += 1;
    return new Promise<Outlook>((resolve) => (answer = () => resolve(numbered(looks))));
  };
  const { next } = createLookout({ look, logger }, { intervalMs: 1, timeoutMs: 5 });
  for (let round = 0; round < 5; round += 1) expect(await next()).toBeNull();
  expect(looks).toBe(1);
  answer();
  await expect.poll(async () => (await next(), looks)).toBe(2);
});
