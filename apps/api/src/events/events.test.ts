/** The log of events over HTTP: paged through as a list, followed as a stream. */
import { createTestEnvironment, launchApp, until, type TestEnvironment, type TestTenant } from "@punctual/testing";
import { defaultRetention, openDatabase, prune } from "@punctual/db";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import { openEventStream, type EventReader } from "./event-reader.ts";

const monthMs = 31 * 86_400_000;

interface Page {
  data: { id: string; type: string; createdAt: string; data: Record<string, unknown> }[];
  nextCursor: string | null;
  position: string;
}

let env: TestEnvironment;
let api: AppUnderTest;
let url: string;
let tenant: TestTenant;
let streams: EventReader[] = [];

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
  url = await api.app.listen({ host: "127.0.0.1", port: 0, listenTextResolver: () => "" });
});
afterAll(async () => {
  await api.close();
  await env.close();
});
beforeEach(async () => {
  tenant = await env.createTenant();
});
afterEach(() => {
  for (const stream of streams) stream.close();
  streams = [];
});

async function write(type = "post.published", data: object = {}, count = 1): Promise<void> {
  await env.sql("INSERT INTO events (company_id, type, data) SELECT $1, $2, $3 FROM generate_series(1, $4::int)", [
    tenant.companyId,
    type,
    data,
    count,
  ]);
}

async function list(query = "", key = tenant.apiKey): Promise<Page> {
  const answer = await api.call<Page>(key, "GET", `/v1/events${query}`);
  if (answer.status !== 200) throw new Error(`refused with ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** Transactions of other tests on the same server hold events back for a moment. */
function settled(count: number, query = ""): Promise<Page> {
  return until(`${count} events are listed`, async () => {
    const page = await list(query);
    return page.data.length === count && page;
  });
}

async function follow(query = "", headers: Record<string, string> = {}, from = url): Promise<EventReader> {
  const stream = await openEventStream(`${from}/v1/events${query}`, {
    authorization: `Bearer ${tenant.apiKey}`,
    ...headers,
  });
  streams.push(stream);
  return stream;
}

const heardTypes = (stream: EventReader) => stream.heard.map(({ event }) => event);

async function hears(stream: EventReader, count: number): Promise<void> {
  await until(`${count} events are heard`, async () => stream.heard.length >= count);
}

describe("the list", () => {
  it("tells what a client wants to know of its posts, without their texts", async () => {
    const body = { socialAccountId: tenant.socialAccountId, text: "A text nobody else sees", groupId: "campaign" };
    const { body: post } = await api.call<{ id: string }>(tenant.apiKey, "POST", "/v1/posts", { body });
    const { data } = await settled(1);
    expect(data).toEqual([
      {
        id: expect.stringMatching(/^\d+-\d+$/) as string,
        type: "post.scheduled",
        createdAt: expect.stringMatching(/Z$/) as string,
        data: {
          postId: post.id,
          socialAccountId: tenant.socialAccountId,
          clientId: tenant.clientId,
          groupId: "campaign",
          status: "scheduled",
          revision: 1,
          scheduledAt: expect.stringMatching(/Z$/) as string,
        },
      },
    ]);
    expect(JSON.stringify(data)).not.toContain("A text nobody");
  });

  it("runs forward in pages, and its end is where to go on later", async () => {
    await write("post.scheduled", {}, 5);
    await settled(5);
    const first = await list("?limit=2");
    const second = await list(`?limit=2&cursor=${first.nextCursor}`);
    const third = await list(`?limit=2&cursor=${second.nextCursor}`);
    expect([first, second, third].map(({ data }) => data.length)).toEqual([2, 2, 1]);
    expect(third.nextCursor).toBeNull();
    expect(new Set([first, second, third].flatMap(({ data }) => data.map(({ id }) => id))).size).toBe(5);
    await write("post.failed");
    const { data } = await settled(1, `?cursor=${third.position}`);
    expect(data.map(({ type }) => type)).toEqual(["post.failed"]);
  });

  it("shows only the wanted types, and nothing of other companies", async () => {
    for (const type of ["post.scheduled", "post.failed", "post.published"]) await write(type);
    const { data } = await settled(2, "?type=post.failed,post.published");
    expect(data.map(({ type }) => type)).toEqual(["post.failed", "post.published"]);
    const other = await env.createTenant();
    expect((await list("", other.apiKey)).data).toEqual([]);
    expect((await list(`?cursor=0-0`, other.apiKey)).data).toEqual([]);
  });

  it("refuses what is no position and no type", async () => {
    for (const cursor of ["x", "1", "1-", "99999999999999999999-1", "1-9223372036854775808", "-1-1"]) {
      const answer = await api.call(tenant.apiKey, "GET", `/v1/events?cursor=${cursor}`);
      expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 400, code: "invalid_cursor" });
    }
    expect((await api.call(tenant.apiKey, "GET", "/v1/events?type=post.eaten")).status).toBe(400);
    // Ahead of all there is: of a log that is no more, as after a restored backup.
    const ahead = await api.call(tenant.apiKey, "GET", "/v1/events?cursor=18446744073709551615-9223372036854775807");
    expect({ status: ahead.status, code: ahead.body.code }).toEqual({ status: 410, code: "cursor_expired" });
  });

  it("answers HEAD at once, also to one who would rather have the stream", async () => {
    const answer = await api.call(tenant.apiKey, "HEAD", "/v1/events", { headers: { accept: "text/event-stream" } });
    expect(answer.status).toBe(200);
  });

  it("answers 410 to a cursor older than what is kept, in both forms", async () => {
    await write();
    const { position } = await settled(1);
    await write();
    await settled(2);
    await env.advanceClock(monthMs);
    await prune(env.database, defaultRetention, 1_000);
    const answer = await api.call(tenant.apiKey, "GET", `/v1/events?cursor=${position}`);
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 410, code: "cursor_expired" });
    expect((await list()).data).toEqual([]);
    const stream = await follow("", { "last-event-id": position });
    expect(stream.status).toBe(410);
  });
});

describe("the stream", () => {
  it("brings what happens next, as it happens, to everybody who listens", async () => {
    await write("post.scheduled");
    await settled(1);
    const both = [await follow(), await follow("?type=post.failed")] as const;
    expect(both[0].headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    await write("post.published", { status: "published" });
    await write("post.failed", { status: "failed" });
    await hears(both[0], 2);
    await hears(both[1], 1);
    expect(heardTypes(both[0])).toEqual(["post.published", "post.failed"]);
    expect(heardTypes(both[1])).toEqual(["post.failed"]);
    const { data } = await list();
    expect(both[0].heard.map(({ data }) => data)).toEqual(data.slice(1));
    expect(both[0].heard.map(({ id }) => id)).toEqual(data.slice(1).map(({ id }) => id));
  });

  it("waits for a slow transaction and then brings everything in order", async () => {
    const stream = await follow();
    const slow = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const transaction = env.database.prisma.$transaction(
      async (tx) => {
        await tx.$executeRaw`INSERT INTO events (company_id, type) VALUES (${tenant.companyId}::uuid, 'post.scheduled')`;
        written.resolve();
        await slow.promise;
      },
      { timeout: 60_000 },
    );
    await written.promise;
    await write("post.published");
    expect((await list()).data).toEqual([]);
    slow.resolve();
    await transaction;
    await hears(stream, 2);
    expect(heardTypes(stream)).toEqual(["post.scheduled", "post.published"]);
  });

  it("goes on where it broke off, also when nothing had been heard yet", async () => {
    const before = await follow();
    await until("a position is known", async () => before.lastEventId() !== "");
    before.close();
    await write("post.retrying", {}, 250);
    const after = await follow("", { "last-event-id": before.lastEventId() });
    await hears(after, 250);
    const [middle] = after.heard.slice(99);
    const again = await follow("", { "last-event-id": middle!.id });
    await hears(again, 150);
    expect(again.heard).toEqual(after.heard.slice(100));
  });

  it("tells nobody what belongs to others", async () => {
    const other = await env.createTenant();
    const stream = await follow("", { authorization: `Bearer ${other.apiKey}` });
    const own = await follow();
    await write("post.published", {}, 3);
    await hears(own, 3);
    await env.sql("INSERT INTO events (company_id, type) VALUES ($1, 'post.missed')", [other.companyId]);
    await hears(stream, 1);
    expect(heardTypes(stream)).toEqual(["post.missed"]);
  });

  it("is refused without a key", async () => {
    const stream = await follow("", { authorization: "Bearer nonsense" });
    expect(stream.status).toBe(401);
  });

  it("is not opened for whoever says that it is not wanted", async () => {
    const headers = { accept: "application/json, text/event-stream;q=0" };
    const { status, body } = await api.call(tenant.apiKey, "GET", "/v1/events?limit=10", { headers });
    expect(status).toBe(200);
    expect(body).toHaveProperty("nextCursor");
  });

  it("takes no limit, since it has no pages", async () => {
    const headers = { accept: "text/event-stream" };
    const answer = await api.call(tenant.apiKey, "GET", "/v1/events?limit=10", { headers });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "limit", code: "not_allowed" }] } });
  });
});

it("a stream stays while Postgres is away, and goes on when it is back", async () => {
  const stream = await follow();
  await until("a position is known", async () => stream.lastEventId() !== "");
  const own = new URL(env.databaseUrl).pathname.slice(1);
  const administration = openDatabase(
    { url: new URL("/postgres", env.databaseUrl).href, pooled: false, connectionsMax: 1, applicationName: "test" },
    { logger: env.logger },
  );
  const { prisma } = administration;
  // A database under another name is as good as away to those that look for it.
  await until("it is away", async () => {
    await prisma.$executeRaw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${own}`;
    await prisma.$executeRawUnsafe(`ALTER DATABASE ${own} RENAME TO away_${own}`);
    return true;
  });
  const listed = await api.call(tenant.apiKey, "GET", "/v1/events");
  expect(listed).toMatchObject({ status: 503, body: { code: "database_unavailable" } });
  await prisma.$executeRawUnsafe(`ALTER DATABASE away_${own} RENAME TO ${own}`);
  await administration.close();
  await until("an event is written", async () => {
    await write("post.published");
    return true;
  });
  await hears(stream, 1);
  expect(heardTypes(stream)).toEqual(["post.published"]);
});

it("a stream survives a restart of the API: what happened meanwhile is not missed", async () => {
  const environment = {
    DATABASE_URL: env.databaseUrl,
    REDIS_URL: env.redisUrl,
    ENCRYPTION_KEYS: env.encryptionKeys,
    OPERATOR_PASSWORD: "a-long-password",
  };
  const first = await launchApp("api", environment);
  const stream = await follow("", {}, first.url);
  await write("post.scheduled");
  await hears(stream, 1);
  first.kill("SIGTERM");
  await stream.ended;
  expect(await first.exited).toEqual({ code: 0, signal: null });
  // It ended its streams itself, rather than cutting them off when its time was over.
  expect(first.logs().map(({ msg }) => msg)).not.toContain("requests still ran, cutting their connections");
  await write("post.published");
  const second = await launchApp("api", environment);
  const resumed = await follow("", { "last-event-id": stream.lastEventId() }, second.url);
  await write("post.failed");
  await hears(resumed, 2);
  expect(heardTypes(resumed)).toEqual(["post.published", "post.failed"]);
  // Killed outright, the client still knows where it was.
  second.kill("SIGKILL");
  await resumed.ended;
  await write("post.missed");
  const last = await follow("", { "last-event-id": resumed.lastEventId() });
  await hears(last, 1);
  expect(heardTypes(last)).toEqual(["post.missed"]);
});
