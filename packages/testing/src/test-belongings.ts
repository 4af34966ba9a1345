/** A company with one of everything that a company can have, and keys of every kind, for tests of who may do what. */
import { changeCompany, createApiKey, createConnection, createWebhookEndpoint, type ApiKeyScope } from "@punctual/db";
import { randomUUID } from "node:crypto";
import type { TestEnvironment } from "./test-environment.ts";
import { insertTestPost } from "./test-post.ts";

/** Ids of a company's things. */
export interface TestBelongings {
  postId: string;
  clientId: string;
  socialAccountId: string;
  endpointId: string;
  deliveryId: string;
  connectionId: string;
  /** The account's. */
  platform: string;
  webhookSecret: string;
  /** A platform that accounts can be connected to by logging in, without anything being set up. */
  connectable: string;
  /** Where the company's application takes browsers back. */
  returnUrl: string;
}

export interface TestCompany extends TestBelongings {
  companyId: string;
  keys: Record<ApiKeyScope | "revoked" | "expired", string>;
}

export async function createTestBelongings(env: TestEnvironment): Promise<TestCompany> {
  const platform = "webhook";
  const { companyId, clientId, socialAccountId, webhookSecret } = await env.createTenant({ platform });
  // Told to Redis already, so that nothing but a request changes it.
  const due = { dueInMs: 3_600_000, enqueued: true };
  const postId = await insertTestPost(env, { companyId, clientId, socialAccountId }, due);
  const draft = { companyId, url: "https://example.com/", description: null, eventTypes: [], secret: webhookSecret };
  const endpoint = await createWebhookEndpoint(env.database, env.keyring, draft, 1);
  if (endpoint === null) throw new Error("the endpoint was not created");
  const deliveryId = randomUUID();
  await env.sql(
    `WITH event AS (
       INSERT INTO events (company_id, post_id, type) VALUES ($1, $2, 'post.scheduled') RETURNING sequence
     )
     INSERT INTO webhook_deliveries (id, company_id, endpoint_id, event_sequence, status, ended_at)
     SELECT $3, $1, $4, sequence, 'failed', app_now() FROM event`,
    [companyId, postId, deliveryId, endpoint.id],
  );
  const key = async (scope: ApiKeyScope) => (await createApiKey(env.database, { companyId, name: scope, scope })).key;
  const { id: revokedId, key: revoked } = await createApiKey(env.database, { companyId, name: "x", scope: "admin" });
  await env.sql("UPDATE api_keys SET revoked_at = app_now() WHERE id = $1", [revokedId]);
  const expiresAt = new Date(0);
  const { key: expired } = await createApiKey(env.database, { companyId, name: "x", scope: "admin", expiresAt });
  const keys = { read: await key("read"), write: await key("write"), admin: await key("admin"), revoked, expired };
  const endpointId = endpoint.id;
  const connectable = "bluesky";
  const returnUrl = "https://app.example.com/accounts";
  await changeCompany(env.database, { id: companyId, returnOrigins: [new URL(returnUrl).origin] });
  const link = { platform: connectable, sandbox: false, baseUrl: "https://punctual.example.com", returnUrl };
  const ticket = randomUUID();
  const connection = await createConnection(env.database, { companyId, clientId, ...link, ticket, lifeMs: 600_000 });
  if (connection === null) throw new Error("the connection was not created");
  return {
    companyId,
    postId,
    clientId,
    socialAccountId,
    endpointId,
    deliveryId,
    connectionId: connection.id,
    platform,
    webhookSecret,
    connectable,
    returnUrl,
    keys,
  };
}

/** Everything a company has, as text: the same before and after if nobody changed anything. */
export async function pictureOf(env: TestEnvironment, companyId: string): Promise<string> {
  const tables = [
    "posts",
    "clients",
    "social_accounts",
    "webhook_endpoints",
    "webhook_deliveries",
    "connections",
    "events",
    "api_keys",
  ];
  const pictures: string[] = [];
  for (const table of tables) {
    const [row] = await env.sql<{ rows: string }>(
      `SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t::text), '[]')::text AS rows FROM ${table} t WHERE company_id = $1`,
      [companyId],
    );
    pictures.push(`${table} ${row?.rows}`);
  }
  return pictures.join("\n");
}
