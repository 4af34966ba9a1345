/** The chaos suite has teeth: break one part of the worker, and it says so. */
import { describe, expect, it } from "vitest";
import { breakableParts } from "./broken-parts.ts";
import { rehearseBroken, rehearseWhole } from "./rehearsal.ts";
import { scenarios } from "./scenarios.ts";

const timeoutMs = 240_000;

describe("the chaos suite", () => {
  it("finds nothing wrong while every part is whole", { timeout: timeoutMs }, async () => {
    expect(await rehearseWhole()).toEqual([]);
  });

  it.each(breakableParts)("notices a broken %s", { timeout: timeoutMs }, async (part) => {
    const kinds = (await rehearseBroken(part)).map(({ kind }) => kind);
    expect(kinds).toContain(scenarios[part].reveals);
  });
});
