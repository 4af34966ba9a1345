import { describe, expect, it } from "vitest";
import { tellHistory } from "./history.ts";
import type { Break } from "./installation.ts";

const histories = 4_000;

describe("a whole installation under random faults, in memory", () => {
  it(`keeps every promise in ${histories} random histories`, () => {
    const sums = { posts: 0, faults: 0, published: 0 };
    for (let seed = 1; seed <= histories; seed += 1) {
      const story = tellHistory(seed);
      expect(story.breaches, `seed ${seed}`).toEqual([]);
      sums.posts += story.posts;
      sums.faults += story.faults;
      sums.published += story.published;
    }
    expect(sums.posts).toBeGreaterThan(histories * 10);
    expect(sums.faults).toBeGreaterThan(histories * 10);
    expect(sums.published).toBeGreaterThan(sums.posts / 4);
  });

  it.each<[Break, string[]]>([
    ["fence", ["early", "doubled", "published after cancel"]],
    ["send-marker", ["doubled"]],
    ["deadline", ["doubled"]],
    ["stager", ["waits without a job"]],
    ["generation", ["waits without a job"]],
    ["late-success", ["a reported success was dropped"]],
    ["limit", ["over the limit"]],
  ])("notices when the %s is taken away", (broken, expected) => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 400; seed += 1)
      for (const breach of tellHistory(seed, broken).breaches) seen.add(breach);
    expect([...seen]).toEqual(expect.arrayContaining(expected));
  });
});
