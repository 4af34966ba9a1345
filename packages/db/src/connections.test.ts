import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  createConnection,
  endConnection,
  findConnection,
  offerAccounts,
  sendAway,
  spendState,
  startConnecting,
  takeConnection,
} from "./connections.ts";
import { openRegistrations } from "./platform-registrations.ts";
import { defaultRetention, prune } from "./pruning.ts";
import { resealSecrets } from "./sealed-secrets.ts";

let env: TestEnvironment;
let companyId: string;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());
beforeEach(async () => {
  ({ companyId } = await env.createTenant());
});

const minuteMs = 60_000;
let tickets = 0;

async function connection(): Promise<string> {
  tickets += 1;
  const link = { platform: "chirp", sandbox: true, baseUrl: "https://p.example", returnUrl: "https://a.example/" };
  const ticket = `ticket-${tickets}`;
  const created = await createConnection(env.database, {
    companyId,
    clientId: null,
    ...link,
    ticket,
    lifeMs: 10 * minuteMs,
  });
  if (created === null) throw new Error("it was not created");
  return created.id;
}

async function away(): Promise<string> {
  const id = await connection();
  await takeConnection(env.database, { id, browser: `b-${id}`, triesMax: 10 });
  const secrets = env.keyring.seal("{}", id);
  expect(await sendAway(env.database, { id, state: `s-${id}`, secrets })).toBe(true);
  return id;
}

const find = (id: string) => findConnection(env.database, { companyId, id });

test("what was ended is not gone on with, from wherever it had got to", async () => {
  for (const status of ["cancelled", "failed"] as const) {
    const id = await away();
    await endConnection(env.database, status === "failed" ? { id, status, message: "no" } : { id, status });
    const again = { platform: "chirp", state: `s-${id}`, browser: `b-${id}` };
    expect(await spendState(env.database, again)).toBeNull();
    expect(await takeConnection(env.database, { id, browser: `b-${id}`, triesMax: 10 })).toBe(false);
    expect(await sendAway(env.database, { id, state: "x", secrets: "y" })).toBe(false);
    expect(await offerAccounts(env.database, { id, secrets: "y" })).toBe(false);
    expect(await startConnecting(env.database, id)).toBe(false);
    expect(await endConnection(env.database, { id, status: "connected", socialAccountIds: [] })).toBe(false);
    expect(await find(id)).toMatchObject({ status, secrets: null });
  }
});

test("a choice is stored once", async () => {
  const id = await away();
  expect(await offerAccounts(env.database, { id, secrets: env.keyring.seal("{}", id) })).toBe(true);
  const started = await Promise.all([1, 2, 3, 4].map(() => startConnecting(env.database, id)));
  expect(started.filter(Boolean)).toHaveLength(1);
});

test("what ran out keeps no secret, and is forgotten a day later", async () => {
  const [old, young] = [await away(), await away()];
  await env.sql("UPDATE connections SET expires_at = app_now() - interval '1 second' WHERE id = $1", [old]);
  await prune(env.database, defaultRetention, 100);
  expect(await find(old)).toMatchObject({ secrets: null, expired: true });
  expect((await find(young))?.secrets).not.toBeNull();
  await env.sql("UPDATE connections SET expires_at = app_now() - interval '25 hours' WHERE id = $1", [old]);
  await prune(env.database, defaultRetention, 100);
  expect(await find(old)).toBeNull();
});

test("registrations are one for a server, whoever was faster, and are sealed anew with everything else", async () => {
  const registrations = openRegistrations(env, "chirp");
  expect(await registrations.find("https://one.example")).toBeNull();
  const kept = await Promise.all(["a", "b"].map((id) => registrations.keep("https://one.example", { id })));
  expect(kept[0]).toEqual(kept[1]);
  expect(await registrations.find("https://one.example")).toEqual(kept[0]);
  expect(await openRegistrations(env, "other").find("https://one.example")).toBeNull();
  const { unreadable } = await resealSecrets(env.database, env.keyring);
  expect(unreadable).toEqual([]);
  await env.sql("UPDATE platform_registrations SET registration = 'v1.00000000.AAAA'");
  expect(await registrations.find("https://one.example")).toBeNull();
  expect(await registrations.keep("https://one.example", { id: "c" })).toEqual({ id: "c" });
});
