/** Every adapter against the sandbox, held to the same sentences. */
import { contractCases, type ContractWorld, createContractTable, openContractWorld } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blueskyFixture } from "./bluesky/contract.fixture.ts";
import { facebookFixture, facebookTwoStepFixture } from "./facebook/contract.fixture.ts";
import { instagramFixture } from "./instagram/contract.fixture.ts";
import { linkedinFixture, linkedinMemberFixture } from "./linkedin/contract.fixture.ts";
import { mastodonFixture, mastodonUntrustedFixture } from "./mastodon/contract.fixture.ts";
import { webhookFixture } from "./webhook/contract.fixture.ts";

const fixtures = [
  webhookFixture,
  facebookFixture,
  facebookTwoStepFixture,
  instagramFixture,
  linkedinFixture,
  linkedinMemberFixture,
  mastodonFixture,
  mastodonUntrustedFixture,
  blueskyFixture,
].map((fixture) => ({ fixture, label: fixture.name ?? fixture.platform }));
const table = createContractTable();
let world: ContractWorld;

beforeAll(async () => {
  world = await openContractWorld();
});
afterAll(async () => {
  await world?.close();
  process.stdout.write(`${table.print()}\n`);
});

describe.each(fixtures)("$label", ({ fixture, label }) => {
  test.each(contractCases(fixture))("$name", async ({ name, run }) => {
    table.note(label, name, "failed");
    const result = await run(world);
    table.note(label, name, result);
    expect(result).toMatch(/^(passed|not applicable: .+)$/);
  });
});
