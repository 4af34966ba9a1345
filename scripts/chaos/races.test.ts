import { beforeAll, describe, expect, it } from "vitest";
import { networkNamed } from "./networks.ts";
import { chaosPlatformNames } from "./platforms/registry.ts";
import { race, type RaceResult } from "./races.ts";

/** Fewer where each is several calls; the races are the same. */
const postsOn = new Map(chaosPlatformNames.map((name) => [name, networkNamed.has(name) ? 50 : 1_000]));
const timeoutMs = 300_000;
let result: RaceResult;

beforeAll(async () => {
  result = await race(postsOn, 1);
}, timeoutMs);

describe("in races of clients with workers", () => {
  it("every answer is definite and true", () => {
    expect(result.breaches).toEqual([]);
  });

  it.each([...postsOn])("either may win on %s, in %i races", (platform, posts) => {
    const { wonByClient, wonByWorker, posts: raced } = result.on(platform);
    expect(raced).toBe(posts);
    // Otherwise nothing raced.
    expect(wonByClient).toBeGreaterThan(posts / 20);
    expect(wonByWorker).toBeGreaterThan(posts / 20);
  });
});
