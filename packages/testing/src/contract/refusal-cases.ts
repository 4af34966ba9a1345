/** What goes wrong for certain: each error to its category, limits with their time, and nothing becomes visible. */
import assert from "node:assert/strict";
import type { Outcome } from "@punctual/core";
import { type CaseMaker, contractCase } from "./case.ts";
import type { ContractFixture, ContractRefusal } from "./fixture.ts";
import { attemptOnce, needsPreparing, type Rehearsal, rehearse, renew, timesVisible } from "./rehearsal.ts";
import type { ContractWorld } from "./world.ts";

export const refusalCases: CaseMaker = (fixture) => [
  ...fixture.refusals.map((refusal) =>
    contractCase(`refused: ${refusal.name}`, async (world) => {
      const rehearsal = await rehearseAt(world, fixture, refusal);
      const { status, body, retryAfter } = refusal;
      await world.fault({
        ...target(rehearsal, refusal.stage),
        times: 1,
        fault: {
          kind: "status",
          status,
          ...(body === undefined ? {} : { body }),
          ...(retryAfter === undefined ? {} : { retryAfter }),
        },
      });
      const outcome = await attemptOnce(rehearsal);
      assertIncludes(outcome, refusal.outcome);
      assert.equal(await timesVisible(rehearsal), 0);
    }),
  ),

  contractCase("waits as long as it is told to", async (world) => {
    const rehearsal = await rehearse(world, fixture);
    await world.fault({
      ...target(rehearsal, fixture.limitStage ?? "publish"),
      times: 1,
      fault: { kind: "status", status: 429, retryAfter: 120 },
    });
    const outcome = await attemptOnce(rehearsal);
    assert.ok(outcome.kind === "wait", JSON.stringify(outcome));
    assert.ok(outcome.waitMs > 110_000 && outcome.waitMs <= 181_000, `it waits ${outcome.waitMs} ms`);
    assert.equal(await timesVisible(rehearsal), 0);
  }),

  contractCase("a revoked token is the account's fault, and names its version", async (world) => {
    if (fixture.revocable === false) return "not applicable: it has no tokens";
    const rehearsal = await rehearse(world, fixture);
    await revoke(rehearsal);
    const outcome = await attemptOnce(rehearsal);
    const { credentialsVersion } = rehearsal.account;
    assertIncludes(outcome, { kind: "reconnect", category: "auth", credentialsVersion });
    assert.equal(await timesVisible(rehearsal), 0);
    const checked = await rehearsal.platform.check?.(rehearsal.account, limits());
    world.seen.push(checked);
    assert.equal(checked?.kind, "refused", JSON.stringify(checked));
    if (rehearsal.platform.refresh === undefined) return "passed";
    const refreshed = await rehearsal.platform.refresh(rehearsal.account, limits());
    world.seen.push(refreshed.kind === "refreshed" ? refreshed.kind : refreshed);
    assert.equal(refreshed.kind, "refused", "and cannot be renewed");
    return "passed";
  }),

  contractCase("tells whether an account works", async (world) => {
    const { platform, account, ...rehearsal } = await rehearse(world, fixture);
    if (platform.check === undefined) return "not applicable: it cannot ask";
    const checked = await platform.check(account, limits());
    world.seen.push(checked);
    if (fixture.revocable === false) assert.notEqual(checked.kind, "refused");
    else assert.equal(checked.kind, "works", JSON.stringify(checked));
    await world.fault({
      platform: fixture.platform,
      account: rehearsal.ledgerAccount,
      stage: "read",
      times: 9,
      fault: { kind: "reset" },
    });
    const unheard = await platform.check(account, limits());
    world.seen.push(unheard);
    assert.notEqual(unheard.kind, "refused", "a fault on the way is no refusal");
    return "passed";
  }),

  contractCase("renews its credentials and loses none of them", async (world) => {
    const rehearsal = await rehearse(world, fixture);
    if (rehearsal.platform.refresh === undefined) return "not applicable: its credentials stay as they are";
    const before = Object.keys(rehearsal.account.credentials);
    await renew(rehearsal);
    for (const name of before) assert.ok(rehearsal.account.credentials[name], `${name} is still there`);
    const expiresAt = rehearsal.platform.credentialsExpireAt?.(rehearsal.account) ?? null;
    assert.ok(expiresAt === null || expiresAt.getTime() > Date.now() + 60_000);
    assert.equal((await attemptOnce(rehearsal)).kind, "published");
    return "passed";
  }),

  contractCase("repeats neither text nor secrets that a platform repeats", async (world) => {
    for (const stage of ["prepare", "publish"] as const) {
      const rehearsal = await rehearseAt(world, fixture, { stage });
      if (stage === "prepare" && !needsPreparing(rehearsal)) continue;
      const secrets = secretsOf(fixture, rehearsal);
      const echo = `bad ${secrets.join(" ")} in ${rehearsal.post.text}`;
      const body = { message: echo, error: { message: echo, code: 1 }, error_description: echo, detail: echo };
      for (const [status, said] of [
        [400, body],
        [403, { ...body, error: echo }],
        [500, echo],
      ] as const) {
        await world.fault({ ...target(rehearsal, stage), times: 1, fault: { kind: "status", status, body: said } });
        const told = JSON.stringify(await attemptOnce(rehearsal));
        for (const hidden of [...secrets, rehearsal.marker])
          assert.ok(!told.includes(hidden), `${told} tells ${hidden}`);
      }
    }
  }),
];

/** Of an account, all that must never be seen anywhere. */
export function secretsOf(
  { publicCredentials = [] }: ContractFixture,
  { account }: Pick<Rehearsal, "account">,
): string[] {
  return Object.entries(account.credentials).flatMap(([name, value]) =>
    typeof value === "string" && !publicCredentials.includes(name) ? [value] : [],
  );
}

export function target({ fixture, ledgerAccount: account }: Rehearsal, stage: string) {
  return { platform: fixture.platform, account, stage };
}

export async function revoke({ world, fixture, handle, ledgerAccount }: Rehearsal): Promise<void> {
  const tokenHandle = fixture.tokenHandle?.(handle) ?? ledgerAccount;
  await world.control("POST", "/_control/tokens/revoke", { platform: fixture.platform, handle: tokenHandle });
}

/** A post of the last kind that has such a stage: the richest are told last. */
async function rehearseAt(
  world: ContractWorld,
  fixture: ContractFixture,
  { stage, kind }: Pick<ContractRefusal, "stage" | "kind">,
): Promise<Rehearsal> {
  if (kind !== undefined || stage === "publish") return rehearse(world, fixture, kind);
  for (const { name } of fixture.kinds.toReversed()) {
    const rehearsal = await rehearse(world, fixture, name);
    if (needsPreparing(rehearsal)) return rehearsal;
  }
  return rehearse(world, fixture);
}

function assertIncludes(outcome: Outcome, expected: Partial<Outcome>): void {
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(
      (outcome as unknown as Record<string, unknown>)[name],
      value,
      `${name} of ${JSON.stringify(outcome)}`,
    );
  }
}

function limits() {
  return { timeoutMs: 10_000, signal: new AbortController().signal };
}
