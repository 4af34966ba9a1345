/** What is open: an answer that got lost, in every way it can, to the right ending and to exactly one visible post. */
import assert from "node:assert/strict";
import type { Guarantee } from "@punctual/core";
import { until } from "../until.ts";
import { type CaseMaker, contractCase } from "./case.ts";
import type { ContractKind } from "./fixture.ts";
import { target } from "./refusal-cases.ts";
import {
  attemptOnce,
  lookOnce,
  needsPreparing,
  prepareOnce,
  type Rehearsal,
  rehearse,
  runToEnd,
  sendOnce,
  timesVisible,
} from "./rehearsal.ts";

/** Faults of the call that publishes. `carriedOut`: readers see the post although the client cannot know. */
const losses = [
  { name: "reset after it was carried out", fault: { kind: "accept_then_reset" }, carriedOut: true },
  { name: "silence after it was carried out", fault: { kind: "accept_then_hang" }, carriedOut: true, hangs: true },
  { name: "500 after it was carried out", fault: { kind: "accept_then_status", status: 500 }, carriedOut: true },
  {
    name: "400 after it was carried out",
    fault: { kind: "accept_then_status", status: 400 },
    carriedOut: true,
    lie: true,
  },
  { name: "no HTTP after it was carried out", fault: { kind: "garbage", form: "not_http" }, carriedOut: true },
  { name: "reset before it was carried out", fault: { kind: "reset" }, carriedOut: false },
  { name: "silence before it was carried out", fault: { kind: "hang" }, carriedOut: false, hangs: true },
  { name: "500 before it was carried out", fault: { kind: "status", status: 500 }, carriedOut: false },
] as const;

export const openCases: CaseMaker = (fixture) => [
  ...losses.map((loss) =>
    contractCase(`lost answer: ${loss.name}`, async (world) => {
      if ("lie" in loss && fixture.liesWith4xx !== true) return "not applicable: a 4xx of this network is a no";
      const lose = async (kind: ContractKind) => {
        const { name } = kind;
        const rehearsal = await rehearse(world, fixture, name);
        if (needsPreparing(rehearsal)) await prepareOnce(rehearsal);
        const applied = await world.fault({ ...target(rehearsal, "publish"), times: 1, fault: loss.fault });
        // Silence ends as a time-out would end it, but nobody waits for one.
        const patience = new AbortController();
        const running = runToEnd(rehearsal, { signal: patience.signal });
        if ("hangs" in loss) {
          await until("the platform to hear of it", async () => (await applied()) > 0);
          patience.abort(new DOMException("no answer came in time", "TimeoutError"));
        }
        const ending = await running;
        const told = `${name}: ${JSON.stringify(ending)}`;
        const seen = await timesVisible(rehearsal);
        if (ending.status === "published") assert.equal(seen, 1, told);
        else assert.equal(seen, loss.carriedOut ? 1 : 0, told);
        assert.equal(ending.status, endingOf(rehearsal, { kind, ...loss, attempts: ending.outcomes.length }), told);
      };
      await Promise.all(fixture.kinds.map(lose));
      return "passed";
    }),
  ),

  contractCase("looking finds what is there, and says absent only of what it read", async (world) => {
    if (world.platform(fixture.platform).confirm === undefined) return "not applicable: nothing can be read";
    const look = async ({ name, isProvable }: ContractKind) => {
      const rehearsal = await rehearse(world, fixture, name);
      if (needsPreparing(rehearsal)) await prepareOnce(rehearsal);
      rehearsal.post = { ...rehearsal.post, firstSentAt: new Date() };
      const before = await lookOnce(rehearsal);
      assert.notEqual(before.kind, "published", name);
      if (
        isProvable !== true &&
        rehearsal.platform.guarantee(rehearsal.post, new Date(), rehearsal.account.settings) === "at_most_once"
      ) {
        assert.equal(before.kind, "cannot_tell", `${name}: a listing proves nothing absent`);
      }
      const outcome = await sendOnce(rehearsal);
      assert.ok(outcome.kind === "published", `${name}: ${JSON.stringify(outcome)}`);
      let after = await lookOnce(rehearsal);
      if (fixture.readable === false) {
        assert.equal(after.kind, "cannot_tell", `${name}: what cannot be read is neither there nor absent`);
        return;
      }
      // A video says that it is being processed before it says that it is there.
      if (after.kind === "cannot_tell") after = await lookOnce(rehearsal);
      assert.ok(after.kind === "published", `${name}: ${JSON.stringify(after)}`);
      assert.equal(after.externalId ?? outcome.externalId, outcome.externalId, name);
    };
    await Promise.all(fixture.kinds.map(look));
    return "passed";
  }),

  ...(["reset", "lookup_fail"] as const).map((kind) =>
    contractCase(`looking that fails cannot tell: ${kind}`, async (world) => {
      if (world.platform(fixture.platform).confirm === undefined) return "not applicable: nothing can be read";
      const rehearsal = await rehearse(world, fixture);
      await attemptOnce(rehearsal);
      const fault = kind === "reset" ? { kind } : { kind, status: 503 };
      for (const stage of ["read", "list"]) {
        await world.fault({ ...target(rehearsal, stage), times: 100, fault });
      }
      assert.equal((await lookOnce(rehearsal)).kind, "cannot_tell");
      return "passed";
    }),
  ),

  contractCase("is stopped while it prepares, and nothing is seen", async (world) => {
    for (const { name } of fixture.kinds.toReversed()) {
      const rehearsal = await rehearse(world, fixture, name);
      if (!needsPreparing(rehearsal)) continue;
      const applied = await world.fault({ ...target(rehearsal, "prepare"), times: 100, fault: { kind: "hang" } });
      const stop = new AbortController();
      const preparing = prepareOnce(rehearsal, { signal: stop.signal });
      await until("the platform to hear of it", async () => (await applied()) > 0);
      stop.abort();
      const prepared = await preparing;
      assert.notEqual(prepared.kind, "ready");
      assert.notEqual(prepared.kind, "rejected", "being stopped is nobody's fault");
      assert.equal(await timesVisible(rehearsal), 0);
      await world.clearFaults();
      assert.equal((await runToEnd(rehearsal)).status, "published");
      return "passed";
    }
    return "not applicable: nothing is prepared";
  }),

  contractCase("sends nothing once it may not", async (world) => {
    const rehearsal = await rehearse(world, fixture);
    if (needsPreparing(rehearsal)) await prepareOnce(rehearsal);
    const late = Object.assign(new Error("too late"), { code: "send_forbidden" });
    const outcome = await sendOnce(rehearsal, {
      beforeSend: () => {
        throw late;
      },
    });
    assert.ok(outcome.kind === "retry", JSON.stringify(outcome));
    assert.deepEqual(await world.ledger(fixture.platform, rehearsal.ledgerAccount), []);
  }),

  contractCase("is stopped while it sends, and says that it does not know", async (world) => {
    const rehearsal = await rehearse(world, fixture);
    if (needsPreparing(rehearsal)) await prepareOnce(rehearsal);
    const applied = await world.fault({
      ...target(rehearsal, "publish"),
      times: 1,
      fault: { kind: "accept_then_hang" },
    });
    const stop = new AbortController();
    const sending = sendOnce(rehearsal, { signal: stop.signal });
    await until("the platform to hear of it", async () => (await applied()) > 0);
    stop.abort();
    assert.equal((await sending).kind, "unknown");
    assert.equal(await timesVisible(rehearsal), 1);
  }),
];

/** Where a lost answer must end. */
function endingOf(
  { fixture, platform, post, account }: Rehearsal,
  { kind, carriedOut, attempts }: { kind: ContractKind; carriedOut: boolean; attempts: number },
): string {
  const guarantee: Guarantee = platform.guarantee(post, new Date(), account.settings);
  if (guarantee !== "at_most_once" || kind.isProvable === true) return "published";
  // A certain no was simply tried again.
  if (attempts > 1) return "published";
  const canBeSeen = platform.confirm !== undefined && fixture.readable !== false;
  return carriedOut && canBeSeen ? "published" : "unconfirmed";
}
