import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { withDeadline } from "./deadline.ts";

const longMs = 60_000;
const abortOf = (signal: AbortSignal) =>
  new Promise<unknown>((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));

describe("work with a deadline", () => {
  test("is told when its time is over, as by a timeout", async () => {
    const reason = await withDeadline(1, [], abortOf);
    expect(reason).toMatchObject({ name: "TimeoutError" });
    expect(reason).toBeInstanceOf(Error);
  });

  test("is told when another signal ends it, with that one's reason", async () => {
    const [other, another] = [new AbortController(), new AbortController()];
    const ended = withDeadline(longMs, [other.signal, another.signal], abortOf);
    another.abort("enough");
    expect(await ended).toBe("enough");
    expect(await withDeadline(longMs, [another.signal], async ({ reason }) => reason as unknown)).toBe("enough");
  });

  test("leaves nothing behind on what lives longer, however it ends", async () => {
    const { signal } = new AbortController();
    let seen: AbortSignal | undefined;
    const outcomes = await Promise.allSettled([
      withDeadline(longMs, [signal], async (own) => (seen = own)),
      withDeadline(longMs, [signal], () => Promise.reject(new Error("broken"))),
      withDeadline(longMs, [signal], () => {
        throw new Error("broken at once");
      }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    expect(seen?.aborted).toBe(false);
  });
});
