import { createKeyring, type Keyring } from "@punctual/runtime";
import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { resealSecrets } from "./sealed-secrets.ts";
import { createWebhookEndpoint, deleteWebhookEndpoint, rotateWebhookSecret } from "./webhook-endpoints.ts";

let env: TestEnvironment;
let tenant: Awaited<ReturnType<TestEnvironment["createTenant"]>>;
/** Knows the old key and seals under a new one. */
let rotated: Keyring;
let onlyNew: Keyring;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env?.close());
beforeEach(async () => {
  await env.sql("TRUNCATE companies CASCADE");
  tenant = await env.createTenant();
  const newKey = randomBytes(32).toString("base64");
  rotated = createKeyring(`${newKey},${env.encryptionKeys}`);
  onlyNew = createKeyring(newKey);
});

const credentialsOf = async (id: string) => {
  const [row] = await env.sql<{ credentials: string }>("SELECT credentials FROM social_accounts WHERE id = $1", [id]);
  return row?.credentials ?? "";
};
const createEndpoint = async (secret: string) => {
  const draft = { companyId: tenant.companyId, url: "https://example.com/", description: null, eventTypes: [], secret };
  const endpoint = await createWebhookEndpoint(env.database, env.keyring, draft, 10);
  if (endpoint === null) throw new Error("the endpoint was not created");
  return endpoint.id;
};

test("everything is sealed under the new key, and opens without the old one", async () => {
  const endpointId = await createEndpoint("whsec_old");
  const name = { companyId: tenant.companyId, id: endpointId };
  await rotateWebhookSecret(env.database, env.keyring, name, "whsec_new");
  expect(await resealSecrets(env.database, rotated)).toEqual({ resealed: 3, unreadable: [] });

  const id = tenant.socialAccountId;
  expect(JSON.parse(onlyNew.open(await credentialsOf(id), id))).toEqual({ secret: tenant.webhookSecret });
  const [endpoint] = await env.sql<{ secret: string; previous_secret: string }>("SELECT * FROM webhook_endpoints");
  expect(onlyNew.open(endpoint?.secret ?? "", endpointId)).toBe("whsec_new");
  expect(onlyNew.open(endpoint?.previous_secret ?? "", endpointId)).toBe("whsec_old");
  expect(await resealSecrets(env.database, rotated)).toEqual({ resealed: 0, unreadable: [] });
});

test("a deleted endpoint has nothing left to seal", async () => {
  const id = await createEndpoint("whsec_old");
  await deleteWebhookEndpoint(env.database, { companyId: tenant.companyId, id });
  expect(await resealSecrets(env.database, rotated)).toEqual({ resealed: 1, unreadable: [] });
});

test("it is no change of the credentials: versions and times stay", async () => {
  const picture = () => env.sql("SELECT to_jsonb(a) - 'credentials' AS account FROM social_accounts a");
  const before = await picture();
  await resealSecrets(env.database, rotated);
  expect(await picture()).toEqual(before);
});

test("more accounts than fit in a batch are all sealed anew", async () => {
  const count = 1_203;
  await env.sql(
    `INSERT INTO social_accounts (id, company_id, platform, name, settings, credentials)
     SELECT gen_random_uuid(), $1, 'webhook', 'Many', '{}', '' FROM generate_series(1, $2)`,
    [tenant.companyId, count],
  );
  const rows = await env.sql<{ id: string }>("SELECT id FROM social_accounts WHERE credentials = ''");
  const sealed = rows.map(({ id }) => env.keyring.seal(`of ${id}`, id));
  await env.sql(
    "UPDATE social_accounts a SET credentials = s.sealed FROM unnest($1::uuid[], $2::text[]) AS s(id, sealed) WHERE a.id = s.id",
    [rows.map(({ id }) => id), sealed],
  );
  expect(await resealSecrets(env.database, rotated)).toEqual({ resealed: count + 1, unreadable: [] });
  for (const { id } of rows.slice(0, 20)) expect(onlyNew.open(await credentialsOf(id), id)).toBe(`of ${id}`);
});

test("what no key opens is named and left alone", async () => {
  const id = tenant.socialAccountId;
  const lost = createKeyring(randomBytes(32).toString("base64")).seal("{}", id);
  await env.sql("UPDATE social_accounts SET credentials = $1", [lost]);
  const other = await env.createTenant();
  expect(await resealSecrets(env.database, rotated)).toEqual({
    resealed: 1,
    unreadable: [{ table: "social_accounts", column: "credentials", id }],
  });
  expect(await credentialsOf(id)).toBe(lost);
  expect(rotated.isCurrent(await credentialsOf(other.socialAccountId))).toBe(true);
});

test("credentials that somebody replaces meanwhile are not put back", async () => {
  const id = tenant.socialAccountId;
  // Replaced at the worst moment, between looking and changing: under the old key first, then under the new one.
  const second = env.keyring.seal("second", id);
  const third = rotated.seal("third", id);
  let moves = 0;
  const database = {
    ...env.database,
    prisma: new Proxy(env.database.prisma, {
      get(prisma, name) {
        if (name !== "$executeRaw") return Reflect.get(prisma, name) as unknown;
        return async (...given: Parameters<typeof prisma.$executeRaw>) => {
          moves += 1;
          await env.sql("UPDATE social_accounts SET credentials = $1", [moves === 1 ? second : third]);
          return prisma.$executeRaw(...given);
        };
      },
    }),
  };
  expect(await resealSecrets(database, rotated)).toEqual({ resealed: 0, unreadable: [] });
  expect(moves).toBe(2);
  expect(onlyNew.open(await credentialsOf(id), id)).toBe("third");
});
