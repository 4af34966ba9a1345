/**
 * The contract every adapter is held to, against the sandbox over real HTTP. An adapter brings a fixture; the cases are
 * the same sentences for all, and the table at the end shows adapter by case. They use no test runner's own words, so
 * that any can run them:
 *
 *     const world = await openContractWorld();
 *     for (const { name, run } of contractCases(fixture)) test(name, async () => table.note(fixture, name, await run(world)));
 */
import assert from "node:assert/strict";
import { type ContractCase, contractCase } from "./contract/case.ts";
import type { ContractFixture } from "./contract/fixture.ts";
import { openCases } from "./contract/open-cases.ts";
import { publishingCases } from "./contract/publishing-cases.ts";
import { refusalCases } from "./contract/refusal-cases.ts";

export type { CaseResult, ContractCase } from "./contract/case.ts";
export type * from "./contract/fixture.ts";
export * from "./contract/rehearsal.ts";
export { createContractTable, type ContractTable } from "./contract/table.ts";
export { type ContractWorld, openContractWorld } from "./contract/world.ts";

/** In the order in which they should run: the last one looks at everything that was told before. */
export function contractCases(fixture: ContractFixture): ContractCase[] {
  return [
    ...[...publishingCases(fixture), ...refusalCases(fixture), ...openCases(fixture)].map(({ name, run }) =>
      contractCase(name, async (world) => {
        await world.clearFaults();
        return run(world);
      }),
    ),
    contractCase("tells no text and no token in all of this", async ({ seen }) => {
      const told = JSON.stringify(seen);
      assert.ok(seen.length > 0);
      assert.doesNotMatch(
        told,
        /marker[0-9a-f]{8}|sandbox\.[\w.:-]+\.\d+\b|eyJ[\w-]{10}|whsec_|"accessToken"|"appPassword"/,
      );
      seen.length = 0;
    }),
  ];
}
