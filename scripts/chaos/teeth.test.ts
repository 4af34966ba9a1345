/** The chaos suite has teeth: break one part of the worker, and it says so. */
import { describe, expect, it } from "vitest";
import { breakableParts } from "./broken-parts.ts";
import { rehearse } from "./rehearsal.ts";
import { scenarios } from "./scenarios.ts";

const timeoutMs = 120_000;

describe.each(breakableParts)("the %s", (part) => {
  it("is missed when it is broken", { timeout: timeoutMs }, async () => {
    const kinds = (await rehearse(part, part)).map(({ kind }) => kind);
    expect(kinds).toContain(scenarios[part].reveals);
  });

  it("keeps the promise when it is whole", { timeout: timeoutMs }, async () => {
    expect(await rehearse(part, null)).toEqual([]);
  });
});
