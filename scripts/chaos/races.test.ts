import { describe, expect, it } from "vitest";
import { race } from "./races.ts";

const posts = 1_000;
const timeoutMs = 180_000;

describe.each(["webhook", "test_idempotent", "test_confirmable", "test_at_most_once"])("on %s", (platform) => {
  it(`gives a definite and true answer in ${posts} races of clients with workers`, { timeout: timeoutMs }, async () => {
    const result = await race(platform, posts, 1);
    expect(result.breaches).toEqual([]);
    // Otherwise nothing raced.
    expect(result.wonByClient).toBeGreaterThan(posts / 20);
    expect(result.wonByWorker).toBeGreaterThan(posts / 20);
    expect(result.posts).toBe(posts);
  });
});
