/** A case of the contract: the same sentence for every adapter, or why it does not apply to one. */
import type { ContractFixture } from "./fixture.ts";
import type { ContractWorld } from "./world.ts";

export type CaseResult = "passed" | `not applicable: ${string}`;

export interface ContractCase {
  name: string;
  /** @throws an assertion that fails */
  run(world: ContractWorld): Promise<CaseResult>;
}

export type CaseMaker = (fixture: ContractFixture) => ContractCase[];

/** A case that says nothing of what its assertions found in order. */
export function contractCase(name: string, run: (world: ContractWorld) => Promise<CaseResult | void>): ContractCase {
  return { name, run: async (world) => (await run(world)) ?? "passed" };
}
