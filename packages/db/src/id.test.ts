import { expect, test, vi } from "vitest";
import { newId } from "./id.ts";

test("ids are UUIDs of version 7 that begin with the time", () => {
  const before = Date.now();
  const id = newId();
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const ms = Number.parseInt(id.replace("-", "").slice(0, 12), 16);
  expect(ms).toBeGreaterThanOrEqual(before);
  expect(ms).toBeLessThanOrEqual(Date.now());
});

test("each is greater than those before, within a millisecond and when the clock goes back", async () => {
  // One of its own, which may believe in a time to come.
  vi.resetModules();
  const { newId } = await import("./id.ts");
  const clock = vi.spyOn(Date, "now");
  try {
    const now = 1_900_000_000_000;
    const ids = [now, now, now - 5_000, now + 1, now].flatMap((ms) => {
      clock.mockReturnValue(ms);
      return Array.from({ length: 2_000 }, newId);
    });
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  } finally {
    clock.mockRestore();
  }
});

test("two share no random part", () => {
  const tails = Array.from({ length: 5_000 }, () => newId().slice(-10));
  expect(new Set(tails).size).toBeGreaterThan(4_990);
});
