/** What requests ask of Postgres at the same time goes in few statements, and none of them is any worse for it. */
import { createTestEnvironment, until, type TestEnvironment } from "@punctual/testing";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readAcceptance, type PostingAccount } from "./acceptance-basis.ts";
import { createApiKey, findApiKeyOwner, revokeApiKey } from "./api-keys.ts";
import { draftedPost } from "./drafted-post.fixture.ts";
import { keyLockName } from "./idempotency-lock.ts";
import { acceptPosts } from "./post-acceptance.ts";
import type { PostRecord } from "./post-record.ts";

type Tenant = Awaited<ReturnType<TestEnvironment["createTenant"]>>;
interface Member {
  tenant: Tenant;
  account: PostingAccount;
}

let env: TestEnvironment;
let now: Date;
let member: Member;
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
  member = await join();
});
afterEach(() => other.query("ROLLBACK"));

async function join(): Promise<Member> {
  const tenant = await env.createTenant();
  const { companyId, socialAccountId } = tenant;
  const basis = await readAcceptance(env.database, {
    companyId,
    socialAccountIds: [socialAccountId],
    idempotency: null,
  });
  now = basis.now;
  return { tenant, account: basis.accounts.get(socialAccountId) as PostingAccount };
}

const path = "/v1/posts";
const idempotencyOf = (key: string) => {
  return { path, key, requestHash: "ab".repeat(32), statusCode: 201, location: null, response: `{"key":"${key}"}` };
};

interface Asking {
  change?: Partial<PostRecord>;
  key?: string;
  account?: Partial<PostingAccount>;
  validForMs?: number;
}

function accept({ tenant, account }: Member, { change, key, account: seen, validForMs = 3_600_000 }: Asking = {}) {
  return acceptPosts(env.database, {
    companyId: tenant.companyId,
    posts: [draftedPost(tenant, now, change)],
    accounts: [{ ...account, ...seen }],
    validUntil: new Date(now.getTime() + validForMs),
    idempotency: key === undefined ? null : idempotencyOf(key),
  });
}

/** How many posts a company has, and the transactions and events they came in. */
async function stored({ tenant }: Member) {
  const [row] = await env.sql<{ posts: number; events: number; transactions: number }>(
    `SELECT (SELECT count(*)::int FROM posts WHERE company_id = $1) AS posts, count(*)::int AS events,
            count(DISTINCT transaction_id)::int AS transactions FROM events WHERE company_id = $1`,
    [tenant.companyId],
  );
  return row;
}

const times = <Result>(count: number, ask: (index: number) => Result) =>
  Array.from({ length: count }, (_, index) => ask(index));

/** Resolves once so many statements wait for a lock in this database. */
const waitForLocks = (count: number) =>
  until("statements wait for a lock", async () => {
    const rows = await env.sql(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return rows.length >= count;
  });

describe("lone posts", () => {
  test("that come at the same time are stored by few statements, each with its answer and its event", async () => {
    const results = await Promise.all(times(40, (index) => accept(member, { key: `many-${index}` })));
    expect(new Set(results)).toEqual(new Set(["accepted"]));
    const { transactions, ...counts } = (await stored(member)) ?? { transactions: 0 };
    expect(counts).toEqual({ posts: 40, events: 40 });
    expect(transactions).toBeLessThanOrEqual(5);
    const { companyId } = member.tenant;
    const records = await env.sql<{ fits: boolean }>(
      `SELECT response = format('{"key":"%s"}', key) AND cardinality(post_ids) = 1
              AND EXISTS (SELECT FROM posts WHERE id = post_ids[1]) AS fits
       FROM idempotency_records WHERE company_id = $1`,
      [companyId],
    );
    expect(records).toEqual(times(40, () => ({ fits: true })));
  });

  test("are accepted or refused each by itself", async () => {
    const results = await Promise.all([
      ...times(4, () => accept(member)),
      accept(member, { validForMs: -1 }),
      accept(member, { account: { paused: true } }),
      accept(member, { account: { clientId: null } }),
      accept(member, { change: { status: "held", heldReason: "paused", text: "x".repeat(20_000) } }),
      accept(member, { key: "each", change: { maxAttempts: 99 } }).catch(() => "failed"),
      accept(member, { key: "each" }),
    ]);
    const accepted = times(4, () => "accepted");
    expect(results).toEqual([...accepted, "changed", "changed", "changed", "accepted", "failed", "accepted"]);
    expect(await stored(member)).toMatchObject({ posts: 6, events: 7 });
  });

  test("under one key are stored once, and the others find the key taken", async () => {
    const results = await Promise.all(times(20, (index) => accept(member, { key: `shared-${index % 2}` })));
    expect(results.filter((result) => result === "accepted")).toHaveLength(2);
    expect(results.filter((result) => result === "changed")).toHaveLength(18);
    expect(await stored(member)).toMatchObject({ posts: 2, events: 2 });
  });

  describe("are not held up by one that must wait", () => {
    test.each<[string, string, (one: Member) => unknown[], Asking]>([
      [
        "for its account",
        "SELECT FROM social_accounts WHERE id = $1 FOR UPDATE",
        ({ tenant }) => [tenant.socialAccountId],
        {},
      ],
      [
        "for its key",
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
        ({ tenant }) => [keyLockName(tenant.companyId, { path, key: "held" })],
        { key: "held" },
      ],
      ["for its client", "SELECT FROM clients WHERE id = $1 FOR UPDATE", ({ tenant }) => [tenant.clientId], {}],
    ])("%s", async (_what, lock, values, asking) => {
      const others = await join();
      await other.query("BEGIN");
      await other.query(lock, values(member));
      const waiting = times(3, () => accept(member, asking));
      const results = await Promise.all(times(20, () => accept(others)));
      expect(new Set(results)).toEqual(new Set(["accepted"]));
      await waitForLocks(1);
      expect(await stored(member)).toMatchObject({ posts: 0 });
      await other.query("COMMIT");
      const late = await Promise.all(waiting);
      expect(late.filter((result) => result === "accepted")).toHaveLength(asking.key === undefined ? 3 : 1);
    });
  });

  test("wait for a key whose record is being written by somebody who did not take its lock", async () => {
    await other.query("BEGIN");
    await other.query(
      "INSERT INTO idempotency_records (company_id, path, key, request_hash, post_ids, status_code, response, created_at) VALUES ($1, $2, 'raw', $3, '{}', 201, '{}', now())",
      [member.tenant.companyId, path, Buffer.alloc(32)],
    );
    const accepting = accept(member, { key: "raw" });
    await waitForLocks(1);
    await other.query("COMMIT");
    expect(await accepting).toBe("changed");
  });
});

describe("questions", () => {
  test("asked together are answered each for itself", async () => {
    const others = await join();
    await accept(member, { key: "asked" });
    const question = ({ tenant }: Member, socialAccountIds: string[], key: string | null) => {
      return { companyId: tenant.companyId, socialAccountIds, idempotency: key === null ? null : { path, key } };
    };
    const [mine, theirs] = [member.tenant.socialAccountId, others.tenant.socialAccountId];
    const questions = [
      question(member, [mine], null),
      question(member, [mine, theirs], "asked"),
      question(others, [mine, theirs], "asked"),
      question(others, [], null),
      question(member, [mine], "never"),
    ];
    const answers = await Promise.all(questions.map((asked) => readAcceptance(env.database, asked)));
    expect(answers.map(({ accounts, answered }) => [[...accounts.keys()], answered?.response ?? null])).toEqual([
      [[mine], null],
      [[mine], '{"key":"asked"}'],
      [[theirs], null],
      [[], null],
      [[mine], null],
    ]);
  });

  test("whose key it is get each its own answer, and a revoked key none from then on", async () => {
    const { companyId, apiKey } = member.tenant;
    const others = await join();
    const revoked = await createApiKey(env.database, { companyId, name: "Revoked", scope: "read" });
    const unknown = `pk_${"A".repeat(43)}`;
    const ask = () =>
      Promise.all(
        [apiKey, revoked.key, unknown, others.tenant.apiKey, "none", apiKey].map((key) =>
          findApiKeyOwner(env.database, key),
        ),
      );
    const owners = async () => (await ask()).map((owner) => owner?.companyId ?? null);
    const theirs = others.tenant.companyId;
    expect(await owners()).toEqual([companyId, companyId, null, theirs, null, companyId]);
    expect((await ask())[1]).toEqual({ apiKeyId: revoked.id, companyId, scope: "read", useIsNoted: false });
    await revokeApiKey(env.database, { companyId, id: revoked.id });
    expect(await owners()).toEqual([companyId, null, null, theirs, null, companyId]);
  });
});
