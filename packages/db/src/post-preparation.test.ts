/** What is prepared before the instant, as the claim at the instant sees it. */
import { createTestEnvironment, insertTestPost, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { claiming } from "./claiming.fixture.ts";

const hourMs = 3_600_000;

let env: TestEnvironment;
let tenant: TestTenant;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  tenant = await env.createTenant();
});

const { claim, claimed, row, attempts } = claiming(() => env, "preparing");

describe("a post that is due", () => {
  test("needs no preparing where whoever accepted it said so, and is said to be sending at once", async () => {
    const id = await insertTestPost(env, tenant);
    const terms = { phase: "preparing", sendLeaseMs: 4_000, leaseMs: hourMs } as const;
    await env.sql("UPDATE posts SET needs_preparing = false WHERE id = $1", [id]);
    expect((await claimed(id, terms)).phase).toBe("sending");
    expect(await attempts(id)).toMatchObject([{ phase: "sending", sent_at: expect.any(Date) as Date }]);
    expect(Number((await row(id))["lease_left_ms"])).toBeLessThanOrEqual(4_000);
  });

  test("was prepared ahead: it is sent at once, unless that is long ago or something was sent since", async () => {
    const terms = { phase: "preparing", sendLeaseMs: 4_000 } as const;
    const prepared = async (changes: string) => {
      const id = await insertTestPost(env, tenant);
      await env.sql(`UPDATE posts SET checkpoint = '{"c": 1}', ${changes} WHERE id = $1`, [id]);
      const { phase, checkpoint } = await claimed(id, terms);
      expect(checkpoint).toEqual({ c: 1 });
      return phase;
    };
    expect(await prepared("prepared_at = app_now()")).toBe("sending");
    expect(await prepared("prepared_at = app_now() - interval '2 hours'")).toBe("preparing");
    expect(await prepared("prepared_at = app_now(), first_sent_at = app_now() - interval '1 minute'")).toBe(
      "preparing",
    );
  });

  test("is left to whoever prepares it ahead, until that one's lease is over", async () => {
    const id = await insertTestPost(env, tenant);
    await env.sql(
      "UPDATE posts SET preparing_token = gen_random_uuid(), preparing_until = app_now() + interval '10 s' WHERE id = $1",
      [id],
    );
    expect(await claim(id, { phase: "preparing" })).toEqual({ kind: "being_prepared", generation: 0 });
    expect(await attempts(id)).toEqual([]);
    await env.sql("UPDATE posts SET preparing_until = app_now() - interval '1 ms' WHERE id = $1", [id]);
    await claimed(id, { phase: "preparing" });
    expect(await row(id)).toMatchObject({ preparing_token: null, preparing_until: null });
  });
});
