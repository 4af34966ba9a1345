import { randomBytes } from "node:crypto";
import { createKeyring } from "@punctual/runtime";
import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createApiKey, findApiKeyOwner, revokeApiKey } from "./api-keys.ts";
import { demoApiKey, demoIds, seedDemo, SeedError } from "./demo.ts";

let env: TestEnvironment;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

const accounts = [
  {
    id: "01900000-0000-7000-8000-000000000003",
    platform: "webhook",
    name: "One",
    settings: {},
    credentials: { secret: "s" },
  },
  {
    id: "01900000-0000-7000-8000-000000000004",
    platform: "chirp",
    name: "Two",
    settings: { page: "7" },
    credentials: {},
  },
];
/** Each time with another secret, as whoever makes them up does. */
const seed = (keyring = env.keyring) => {
  const [first, ...others] = accounts;
  const drafts = [{ ...first, credentials: { secret: randomBytes(8).toString("hex") } }, ...others] as typeof accounts;
  return seedDemo(env.database, keyring, drafts);
};
const rows = () => env.sql("SELECT * FROM companies, clients, social_accounts ORDER BY social_accounts.id");

test("seeding twice, even at once, leaves one company as the first time made it", async () => {
  const [first] = await Promise.all([seed(), seed()]);
  const seeded = await rows();
  expect(await seed()).toEqual(first);
  expect(await rows()).toEqual(seeded);
  expect(seeded).toMatchObject([{ platform: "webhook" }, { platform: "chirp", settings: { page: "7" } }]);
});

test("a database of another installation is refused, and left as it is", async () => {
  await seed();
  const before = await rows();
  const others = createKeyring(randomBytes(32).toString("base64"));
  await expect(seed(others)).rejects.toThrow(SeedError);
  expect(await rows()).toEqual(before);
});

test("a known key of the demo company is kept, any other is not", async () => {
  await seed();
  const first = await demoApiKey(env.database, undefined);
  expect(first.isNew).toBe(true);
  expect(await demoApiKey(env.database, first.key)).toEqual({ key: first.key, isNew: false });
  expect(await findApiKeyOwner(env.database, first.key)).toMatchObject({ companyId: demoIds.company, scope: "admin" });

  const { companyId } = await env.createTenant();
  const { key: foreign } = await createApiKey(env.database, { companyId, name: "Another's", scope: "admin" });
  expect((await demoApiKey(env.database, foreign)).isNew).toBe(true);

  const owner = await findApiKeyOwner(env.database, first.key);
  await revokeApiKey(env.database, { companyId: demoIds.company, id: owner?.apiKeyId ?? "" });
  expect((await demoApiKey(env.database, first.key)).isNew).toBe(true);
});
