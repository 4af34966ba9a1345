import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { readAcceptance, type PostingAccount } from "./acceptance-basis.ts";
import { draftedPost } from "./drafted-post.fixture.ts";
import { acceptPosts } from "./post-acceptance.ts";
import type { PostRecord } from "./post-record.ts";
import { findPost } from "./post-reads.ts";

let env: TestEnvironment;
let tenant: Awaited<ReturnType<TestEnvironment["createTenant"]>>;
let account: PostingAccount;
let now: Date;
/** Another session, to hold locks with. */
let other: pg.Client;

beforeAll(async () => {
  env = await createTestEnvironment();
  other = new pg.Client({ connectionString: env.databaseUrl });
  await other.connect();
});
afterAll(async () => {
  await other?.end();
  await env?.close();
});
beforeEach(async () => {
  tenant = await env.createTenant();
  const basis = await readAcceptance(env.database, question(null));
  account = basis.accounts.get(tenant.socialAccountId) as PostingAccount;
  now = basis.now;
});

const scope = { path: "/v1/posts", key: "key" };
const answer = { requestHash: "ab".repeat(32), statusCode: 201, location: "/v1/posts/1", response: '{"a":"é"}' };
const question = (idempotency: typeof scope | null) => ({
  companyId: tenant.companyId,
  socialAccountIds: [tenant.socialAccountId],
  idempotency,
});
const draft = (change: Partial<PostRecord> = {}) => draftedPost(tenant, now, change);
const inMs = (ms: number) => new Date(now.getTime() + ms);
const accept = (
  posts: PostRecord[],
  idempotency: (typeof scope & typeof answer) | null = null,
  validUntil = inMs(3_600_000),
) => acceptPosts(env.database, { companyId: tenant.companyId, posts, accounts: [account], validUntil, idempotency });
const countPosts = async () => {
  const [row] = await env.sql<{ count: number }>("SELECT count(*)::int AS count FROM posts WHERE company_id = $1", [
    tenant.companyId,
  ]);
  return row?.count;
};
/** Resolves once some statement waits for a lock in this database. */
const waitsForLock = () =>
  until("a statement waits for a lock", async () => {
    const rows = await env.sql(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%idempotency_records%'",
    );
    return rows.length > 0;
  });

test("what is stored is what was drafted, in every field", async () => {
  const post = draft();
  expect(await accept([post])).toBe("accepted");
  expect(await findPost(env.database, { companyId: tenant.companyId, id: post.id })).toEqual(post);
});

test("a thousand posts are stored by one statement, or none of them", async () => {
  const posts = Array.from({ length: 1_000 }, () => draft());
  await expect(accept([...posts, draft({ maxAttempts: 99 })])).rejects.toThrow();
  expect(await countPosts()).toBe(0);
  expect(await accept(posts)).toBe("accepted");
  expect(await countPosts()).toBe(1_000);
});

test("an account that is not as the decision saw it lets nothing in", async () => {
  for (const change of [{ paused: true }, { status: "needs_reconnect" as const }]) {
    const seen = { ...account, ...change };
    const acceptance = {
      companyId: tenant.companyId,
      posts: [draft()],
      accounts: [seen],
      validUntil: inMs(3_600_000),
      idempotency: { ...scope, ...answer },
    };
    expect(await acceptPosts(env.database, acceptance)).toBe("changed");
  }
  expect(await countPosts()).toBe(0);
  expect((await readAcceptance(env.database, question(scope))).answered).toBeNull();
});

test("accepting waits for a pause that has begun, and then finds the account changed", async () => {
  await other.query("BEGIN");
  await other.query("UPDATE social_accounts SET paused = true WHERE id = $1", [tenant.socialAccountId]);
  const accepting = accept([draft()]);
  await waitsForLock();
  await other.query("COMMIT");
  expect(await accepting).toBe("changed");
  expect(await countPosts()).toBe(0);
});

test("of two with the same key one waits for the other, and finds the key taken", async () => {
  await other.query("BEGIN");
  await other.query(
    "INSERT INTO idempotency_records (company_id, path, key, request_hash, post_ids, status_code, response, created_at) VALUES ($1, $2, $3, $4, '{}', 201, '{}', now())",
    [tenant.companyId, scope.path, scope.key, Buffer.alloc(32)],
  );
  const accepting = accept([draft()], { ...scope, ...answer });
  await waitsForLock();
  await other.query("COMMIT");
  expect(await accepting).toBe("changed");
  expect(await countPosts()).toBe(0);
});

test("a key whose first request was rolled back is free", async () => {
  await other.query("BEGIN");
  await other.query(
    "INSERT INTO idempotency_records (company_id, path, key, request_hash, post_ids, status_code, response, created_at) VALUES ($1, $2, $3, $4, '{}', 201, '{}', now())",
    [tenant.companyId, scope.path, scope.key, Buffer.alloc(32)],
  );
  const accepting = accept([draft()], { ...scope, ...answer });
  await waitsForLock();
  await other.query("ROLLBACK");
  expect(await accepting).toBe("accepted");
});

test("the first answer is found again under its key, its path and its company only", async () => {
  const [post] = [draft()];
  await accept([post], { ...scope, ...answer });
  expect((await readAcceptance(env.database, question(scope))).answered).toEqual(answer);
  expect((await readAcceptance(env.database, question({ ...scope, path: "/v1/posts/bulk" }))).answered).toBeNull();
  const stranger = await env.createTenant();
  const theirs = { ...question(scope), companyId: stranger.companyId };
  expect((await readAcceptance(env.database, theirs)).answered).toBeNull();
  expect((await readAcceptance(env.database, theirs)).accounts.size).toBe(0);
});

test("a decision that time has overtaken lets nothing in, with a key and without", async () => {
  const validUntil = inMs(60_000);
  await env.advanceClock(60_001);
  expect(await accept([draft()], null, validUntil)).toBe("changed");
  expect(await accept([draft()], { ...scope, ...answer }, validUntil)).toBe("changed");
  expect(await countPosts()).toBe(0);
  expect(await accept([draft()], { ...scope, ...answer })).toBe("accepted");
});
