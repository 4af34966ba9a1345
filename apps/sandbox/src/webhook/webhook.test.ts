import { randomBytes } from "node:crypto";
import { createLogger } from "@punctual/runtime";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { LedgerEntry } from "../ledger/ledger.ts";
import { createSandbox } from "../sandbox.ts";

const sandbox = createSandbox({ host: "127.0.0.1", port: 0 }, { logger: createLogger("sandbox", "silent") });
const account = "0198c1e2-7a52-7b3c-9a42-3d2f6d0f1a11";

beforeAll(() => sandbox.start());
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await call("DELETE", "/_ledger");
  await call("DELETE", "/_control/faults");
  await call("DELETE", `/_control/accounts/${account}`);
});

function call(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(new URL(path, sandbox.url()), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
}

function deliver(id: string | null, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(new URL(`/webhook/${account}`, sandbox.url()), {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...(id === null ? {} : { "webhook-id": id }), ...headers },
  });
}

async function ledger(query = ""): Promise<{ data: LedgerEntry[]; total: number; nextAfter: number | null }> {
  return (await (await call("GET", `/_ledger${query}`)).json()) as never;
}

test("a delivery is published, written down with what it came with, and its URL leads to the feed", async () => {
  const body = '{"type":"post.publish",  "postId":"p1","text":"Hello <b>there</b>","link":"https://example.com/a"}';
  const headers = { "webhook-timestamp": "1", "webhook-signature": "v1,x", "x-request-id": "r-1" };
  const answer = await deliver("p1", body, { ...headers, authorization: "Bearer secret" });

  expect(answer.status).toBe(200);
  const { id, url } = (await answer.json()) as { id: string; url: string };
  const { data } = await ledger();
  expect(data).toMatchObject([
    { account, platform: "webhook", postId: "p1", key: "p1", outcome: "accepted", status: 200, externalId: id, body },
  ]);
  expect(data[0]?.headers).toMatchObject({ "webhook-id": "p1", ...headers });
  expect(data[0]?.headers).not.toHaveProperty("authorization");
  expect(data[0]?.receivedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  const page = await fetch(url);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("Hello &lt;b&gt;there&lt;/b&gt;");
});

test("the repeat of a processed id gets the same answer and has no second effect", async () => {
  const first = await deliver("p1", '{"text":"one"}');
  const second = await deliver("p1", '{"text":"one"}');
  const changed = await deliver("p1", '{"text":"two"}');

  expect([second.status, changed.status]).toEqual([200, 200]);
  const answer = await first.json();
  expect(await second.json()).toEqual(answer);
  expect(await changed.json()).toEqual(answer);
  const { data } = await ledger();
  expect(data.map(({ outcome, bodyChanged }) => [outcome, bodyChanged])).toEqual([
    ["accepted", false],
    ["repeat", false],
    ["repeat", true],
  ]);
});

test("parallel deliveries of one id are accepted once", async () => {
  await Promise.all(Array.from({ length: 30 }, () => deliver("p1", "{}")));
  const { data } = await ledger();
  expect(data.filter(({ outcome }) => outcome === "accepted")).toHaveLength(1);
  expect(data.filter(({ outcome }) => outcome === "repeat")).toHaveLength(29);
});

test("a post that goes out under two webhook ids shows as a double", async () => {
  await deliver("k1", '{"postId":"p1"}');
  await deliver("k2", '{"postId":"p1"}');
  const stats = (await (await call("GET", "/_ledger/stats")).json()) as Record<string, unknown>;
  expect(stats).toMatchObject({ duplicated: 1, duplicatedPostIds: ["p1"] });
});

test("a refused id is taken when it comes again", async () => {
  await call("POST", "/_control/faults", { times: 1, fault: { kind: "status", status: 503 } });
  expect((await deliver("p1", "{}")).status).toBe(503);
  expect((await deliver("p1", "{}")).status).toBe(200);
  expect((await ledger()).data.map(({ outcome }) => outcome)).toEqual(["refused", "accepted"]);
});

test("a delivery without an id is refused, since its repeat could not be told", async () => {
  const answer = await deliver(null, "{}");
  expect(answer.status).toBe(400);
  expect((await ledger()).data).toMatchObject([{ outcome: "refused", reason: "missing_webhook_id", status: 400 }]);
});

test("a body that is no JSON is published as the text it is", async () => {
  expect((await deliver("p1", "plain words", { "content-type": "text/plain" })).status).toBe(200);
  expect((await ledger()).data[0]?.content.text).toBe("plain words");
});

test("a body beyond the limit is refused and leaves no trace", async () => {
  expect((await deliver("p1", "x".repeat(1024 * 1024 + 1))).status).toBe(413);
  expect((await ledger()).total).toBe(0);
});

test("once a secret is registered only deliveries signed with it are published", async () => {
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const told = await call("PUT", `/_control/accounts/${account}`, { secret, name: "Northwind" });
  expect(await told.json()).toEqual({ account, name: "Northwind", signed: true, refuseDuplicates: false });

  const body = '{"text":"signed ✓"}';
  const now = new Date();
  const sign = (given: string) => ({
    "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
    "webhook-signature": new Webhook(given).sign("p1", now, body),
  });
  expect((await deliver("p1", body)).status).toBe(401);
  expect((await deliver("p1", body, sign(`whsec_${randomBytes(32).toString("base64")}`))).status).toBe(401);
  expect((await deliver("p1", body, sign(secret))).status).toBe(200);
  expect((await ledger()).data.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ["refused", "missing_signature"],
    ["refused", "invalid_signature"],
    ["accepted", null],
  ]);
  expect(await (await call("GET", "/_control/accounts")).text()).not.toContain(secret);
});
