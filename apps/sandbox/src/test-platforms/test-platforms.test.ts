import { createLogger } from "@punctual/runtime";
import { until } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { LedgerEntry } from "../ledger/ledger.ts";
import type { LedgerStatistics } from "../ledger/statistics.ts";
import { createSandbox } from "../sandbox.ts";

const sandbox = createSandbox({ host: "127.0.0.1", port: 0 }, { logger: createLogger("sandbox", "silent") });

beforeAll(() => sandbox.start());
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await call("DELETE", "/_ledger");
  await call("DELETE", "/_control/faults");
  await call("DELETE", "/_control/accounts/a");
});

interface Answer {
  status: number;
  headers: Headers;
  json: Record<string, unknown>;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(new URL(path, sandbox.url()), {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: answer.status, headers: answer.headers, json };
}

async function command(fault: Record<string, unknown>, rest: Record<string, unknown> = {}): Promise<void> {
  expect((await call("POST", "/_control/faults", { times: 1, fault, ...rest })).status).toBe(201);
}

async function ledger(): Promise<LedgerEntry[]> {
  return (await call("GET", "/_ledger")).json["data"] as LedgerEntry[];
}

async function statistics(): Promise<LedgerStatistics> {
  return (await call("GET", "/_ledger/stats")).json as unknown as LedgerStatistics;
}

async function commandedFaultApplied(): Promise<void> {
  await until("the fault to be applied", async () => {
    const data = (await call("GET", "/_control/faults")).json["data"] as { applied: number }[];
    return data.some(({ applied }) => applied > 0);
  });
}

const post = { text: "Hello", postId: "p1", revision: 3 };

describe("idempotent", () => {
  const path = "/test/idempotent/a/posts";
  const send = (key: string, body: unknown = post) => call("POST", path, body, { "idempotency-key": key });

  test("the repeat of a key gets the first answer again and has no second effect", async () => {
    const first = await send("k1");
    const second = await send("k1");
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.json).toEqual(first.json);
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    expect(await ledger()).toMatchObject([
      { outcome: "accepted", platform: "test_idempotent", postId: "p1", revision: 3, key: "k1" },
      { outcome: "repeat", externalId: first.json["id"], bodyChanged: false },
    ]);
    expect(await statistics()).toMatchObject({ duplicated: 0 });
  });

  test("a repeat that carries something else is told by the ledger", async () => {
    await send("k1");
    await send("k1", { ...post, text: "Changed" });
    expect((await statistics()).platforms["test_idempotent"]).toMatchObject({ repeats: 1, changedRepeats: 1 });
  });

  test("an accepted post whose answer was an error is found again under its key", async () => {
    await command({ kind: "accept_then_status", status: 500 });
    expect((await send("k1")).status).toBe(500);
    expect((await send("k1")).status).toBe(201);
    expect((await ledger()).map(({ outcome }) => outcome)).toEqual(["accepted", "repeat"]);
  });

  test("the same post under two keys shows as a double", async () => {
    await send("k1");
    await send("k2");
    expect(await statistics()).toMatchObject({ duplicated: 1, duplicatedPostIds: ["p1"] });
  });

  test("a call without a key is refused", async () => {
    const { status, json } = await call("POST", path, post);
    expect([status, json["error"]]).toMatchObject([400, { code: "missing_idempotency_key" }]);
  });
});

describe("confirmable", () => {
  const base = "/test/confirmable/a";
  const createHandle = async () => (await call("POST", `${base}/handles`, post)).json["handle"] as string;
  const publish = (handle: string) => call("POST", `${base}/handles/${handle}/publish`);
  const read = async (handle: string) => (await call("GET", `${base}/handles/${handle}`)).json;
  const readKey = async (key: string) => (await call("GET", `${base}/posts?key=${key}`)).json;

  test("a handle shows readers nothing until it is published, and then tells what became of it", async () => {
    const handle = await createHandle();
    expect(await read(handle)).toEqual({ handle, status: "unpublished" });
    expect(await ledger()).toEqual([]);

    const { status, json } = await publish(handle);
    expect(status).toBe(201);
    expect(await read(handle)).toEqual({ handle, status: "published", ...json });
    expect(await ledger()).toMatchObject([{ outcome: "accepted", postId: "p1", revision: 3, key: handle }]);
    expect(JSON.parse((await ledger())[0]?.body ?? "")).toEqual(post);
    expect(await (await fetch(String(json["url"]))).text()).toContain("Hello");
  });

  test("a handle is published once, however many ask at a time", async () => {
    const handle = await createHandle();
    const answers = await Promise.all(Array.from({ length: 10 }, () => publish(handle)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      201,
      ...Array.from({ length: 9 }, () => 409),
    ]);
    expect(answers.find(({ status }) => status === 409)?.json["error"]).toMatchObject({ code: "duplicate" });
    expect((await statistics()).platforms["test_confirmable"]).toMatchObject({
      accepted: 1,
      refused: 9,
      duplicated: 0,
    });
  });

  test("a publish whose answer was lost is found by reading its handle", async () => {
    const [lost, refused] = [await createHandle(), await createHandle()];
    await command({ kind: "accept_then_reset" });
    await expect(publish(lost)).rejects.toThrow(TypeError);
    await command({ kind: "reset" });
    await expect(publish(refused)).rejects.toThrow(TypeError);
    expect([await read(lost), await read(refused)]).toMatchObject([{ status: "published" }, { status: "unpublished" }]);
  });

  test("a publish that is still being worked on does not read as unpublished", async () => {
    const handle = await createHandle();
    await command({ kind: "delay", ms: 150 });
    const publishing = publish(handle);
    await commandedFaultApplied();
    // On a busy machine the delay may be over by now; either way it is not unpublished.
    expect((await read(handle))["status"]).toMatch(/^publishing$|^published$/);
    await publishing;
    expect(await read(handle)).toMatchObject({ status: "published" });
  });

  test("faults aim at creating, publishing and reading apart", async () => {
    await command({ kind: "status", status: 500 }, { stage: "prepare" });
    await command({ kind: "lookup_fail", status: 502 });
    expect((await call("POST", `${base}/handles`, post)).status).toBe(500);
    const handle = await createHandle();
    expect((await call("GET", `${base}/handles/${handle}`)).status).toBe(502);
    expect((await publish(handle)).status).toBe(201);
    expect((await ledger()).map(({ outcome }) => outcome)).toEqual(["accepted"]);
  });

  test("a handle belongs to its account, and an unknown one is a 404", async () => {
    const handle = await createHandle();
    expect((await call("POST", `/test/confirmable/b/handles/${handle}/publish`)).status).toBe(404);
    expect((await call("GET", `/test/confirmable/b/handles/${handle}`)).status).toBe(404);
    expect((await publish("0123456789abcdef")).json["error"]).toMatchObject({ code: "unknown_handle" });
  });

  test("a post sent in one step is read by its key, and sent twice it is there twice", async () => {
    expect(await readKey("k1")).toEqual({ data: [], underWay: false });
    const { json } = await call("POST", `${base}/posts`, { ...post, key: "k1" });
    expect(await readKey("k1")).toMatchObject({ data: [{ ...json, key: "k1", text: "Hello" }], underWay: false });
    await call("POST", `${base}/posts`, { ...post, key: "k1" });
    expect(await statistics()).toMatchObject({ duplicated: 1 });
  });

  test("a key whose call is still being worked on says so", async () => {
    await command({ kind: "delay", ms: 150 });
    const publishing = call("POST", `${base}/posts`, { ...post, key: "k1" });
    await commandedFaultApplied();
    const { data, underWay } = await readKey("k1");
    expect(underWay === true || (data as unknown[]).length === 1).toBe(true);
    await publishing;
    expect(await readKey("k1")).toMatchObject({ data: [{ key: "k1" }], underWay: false });
  });

  test("clearing the ledger forgets the handles as well", async () => {
    const handle = await createHandle();
    await call("DELETE", "/_ledger");
    expect((await publish(handle)).status).toBe(404);
  });
});

describe("at most once", () => {
  const path = "/test/at_most_once/a/posts";
  const list = async (query = "") =>
    (await call("GET", `${path}${query}`)).json["data"] as { id: string; text: string }[];

  test("every call is a new post, and the listing shows the newest first", async () => {
    const { status, json } = await call("POST", path, post);
    expect(status).toBe(201);
    await call("POST", path, { ...post, text: "Again" });
    expect((await list()).map(({ text }) => text)).toEqual(["Again", "Hello"]);
    expect((await list()).at(-1)).toMatchObject({ id: json["id"] });
    expect(await list("?limit=1")).toHaveLength(1);
    expect(await statistics()).toMatchObject({ duplicated: 1, duplicatedPostIds: ["p1"] });
    expect((await call("GET", `${path}?limit=101`)).status).toBe(400);
  });

  test("a lagging listing hides what is young, until it catches up", async () => {
    await call("POST", path, post);
    await command({ kind: "lookup_lag", ms: 3_600_000 });
    expect(await list()).toEqual([]);
    expect(await list()).toHaveLength(1);
  });

  test("a listing fails on command, with its wait", async () => {
    await command({ kind: "lookup_fail", status: 429, retryAfter: 30 });
    const { status, headers } = await call("GET", path);
    expect([status, headers.get("retry-after")]).toEqual([429, "30"]);
    expect(await ledger()).toEqual([]);
  });

  test("an account told to refuse duplicates names the post that shows the text already", async () => {
    await call("PUT", "/_control/accounts/a", { refuseDuplicates: true });
    const first = await call("POST", path, post);
    const { status, json } = await call("POST", path, { ...post, postId: "p2" });
    expect(status).toBe(422);
    expect(json["error"]).toMatchObject({ code: "duplicate", existingId: first.json["id"] });
    expect((await call("POST", path, { ...post, text: "Other" })).status).toBe(201);
    expect((await call("POST", "/test/at_most_once/b/posts", post)).status).toBe(201);
    expect((await ledger())[1]).toMatchObject({ outcome: "refused", reason: "duplicate", status: 422 });
  });
});

describe("what no platform takes", () => {
  test.each([
    ["a missing text", { postId: "p1", revision: 1 }, /text/],
    ["a missing post id", { text: "x", revision: 1 }, /postId/],
    ["an unknown field", { ...post, mood: "cheerful" }, /mood/],
    ["a revision that is no number", { ...post, revision: "1" }, /revision/],
  ])("%s is a 400 that names it, and leaves no trace", async (_what, body, named) => {
    for (const kind of ["idempotent", "confirmable", "at_most_once"]) {
      const { status, json } = await call("POST", `/test/${kind}/a/posts`, body, { "idempotency-key": "k" });
      expect(status).toBe(400);
      expect(JSON.stringify(json)).toMatch(named);
    }
    expect(await ledger()).toEqual([]);
  });
});
