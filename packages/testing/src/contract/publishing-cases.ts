/** What goes well: every kind of post is published once, is seen, and preparing can be taken over. */
import assert from "node:assert/strict";
import { type CaseMaker, contractCase } from "./case.ts";
import { needsPreparing, prepareOnce, rehearse, runToEnd, sendOnce, timesVisible } from "./rehearsal.ts";

export const publishingCases: CaseMaker = (fixture) => [
  ...fixture.kinds.map((kind) =>
    contractCase(`publishes: ${kind.name}`, async (world) => {
      const rehearsal = await rehearse(world, fixture, kind.name);
      assert.deepEqual(rehearsal.platform.validatePost(rehearsal.post), []);
      const { sandbox, ...draft } = rehearsal.account;
      assert.deepEqual(rehearsal.platform.validateAccount({ ...draft, sandbox }), []);
      const ending = await runToEnd(rehearsal);
      assert.equal(ending.status, "published", JSON.stringify(ending.outcomes));
      assert.equal(ending.outcomes.length, 1);
      const [outcome] = ending.outcomes;
      assert.ok(outcome?.kind === "published");
      assert.equal(await timesVisible(rehearsal), 1);
      const [line] = await world.ledger(fixture.platform, rehearsal.ledgerAccount);
      assert.equal(outcome.externalId, line?.externalId);
      const feed = new URL(
        `/feed/${fixture.platform}/${encodeURIComponent(rehearsal.ledgerAccount)}`,
        world.sandboxUrl,
      );
      const page = await (await fetch(feed)).text();
      assert.ok(page.includes(rehearsal.marker), "the feed shows the text");
      if (kind.shows !== undefined) assert.match(page, kind.shows);
    }),
  ),

  contractCase("prepares what it must before anything is seen", async (world) => {
    const prepared = [];
    for (const { name } of fixture.kinds) {
      const rehearsal = await rehearse(world, fixture, name);
      if (!needsPreparing(rehearsal)) continue;
      prepared.push(name);
      assert.equal((await prepareOnce(rehearsal)).kind, "ready");
      assert.equal(await timesVisible(rehearsal), 0);
      assert.equal((await sendOnce(rehearsal)).kind, "published");
      assert.equal(await timesVisible(rehearsal), 1);
    }
    return prepared.length === 0 ? "not applicable: nothing is prepared" : "passed";
  }),

  contractCase("goes on from a checkpoint and asks for nothing twice", async (world) => {
    if (fixture.preparesOnce === false) return "not applicable: preparing looks at the platform every time";
    for (const { name } of fixture.kinds.toReversed()) {
      const rehearsal = await rehearse(world, fixture, name);
      if (!needsPreparing(rehearsal)) continue;
      assert.equal((await prepareOnce(rehearsal)).kind, "ready");
      const { ledgerAccount: account } = rehearsal;
      const fault = { kind: "status", status: 500 };
      await world.fault({ platform: fixture.platform, account, stage: "prepare", times: 100, fault });
      const again = await prepareOnce(rehearsal);
      assert.equal(again.kind, "ready", JSON.stringify(again));
      return "passed";
    }
    return "not applicable: nothing is prepared";
  }),

  contractCase("stops preparing when its checkpoint is no longer wanted", async (world) => {
    for (const { name } of fixture.kinds.toReversed()) {
      const rehearsal = await rehearse(world, fixture, name);
      const { platform, post, account } = rehearsal;
      if (!needsPreparing(rehearsal) || platform.prepare === undefined) continue;
      const unwanted = new Error("no longer wanted");
      const saveCheckpoint = () => Promise.reject(unwanted);
      const { signal } = new AbortController();
      const preparing = platform.prepare(post, {
        account,
        checkpoint: null,
        timeoutMs: 20_000,
        signal,
        saveCheckpoint,
      });
      await assert.rejects(preparing, (error) => error === unwanted);
      assert.equal(await timesVisible(rehearsal), 0);
      return "passed";
    }
    return "not applicable: nothing is prepared";
  }),

  contractCase("refuses options it does not know", async (world) => {
    const { platform, post } = await rehearse(world, fixture);
    const issues = platform.validatePost({ ...post, options: { surelyNoSuchOption: 1 } });
    assert.deepEqual(
      issues.map(({ path, code }) => ({ path, code })),
      [{ path: "/options/surelyNoSuchOption", code: "unknown_option" }],
    );
  }),

  contractCase("refuses more text and media than it tells", async (world) => {
    const { platform, post } = await rehearse(world, fixture);
    const { textCharactersMax, mediaItemsMax } = platform.description.limits;
    const codes = (changes: object) => platform.validatePost({ ...post, ...changes }).map(({ code }) => code);
    assert.ok(codes({ text: "é".repeat(textCharactersMax + 1) }).includes("text_too_long"));
    const media = Array.from({ length: mediaItemsMax + 1 }, (_, index) => ({ url: `https://a.example/${index}.jpg` }));
    assert.ok(codes({ media }).includes("too_many_media"));
  }),
];
