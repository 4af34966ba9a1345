import { createLogger, StartError } from "@punctual/runtime";
import { launchApp, until } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { LedgerEntry } from "./ledger/ledger.ts";
import { createSandbox } from "./sandbox.ts";

const logger = createLogger("sandbox", "silent");
const sandbox = createSandbox({ host: "127.0.0.1", port: 0 }, { logger });

beforeAll(() => sandbox.start());
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await call("DELETE", "/_ledger");
  await call("DELETE", "/_control/faults");
});

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  const answer = await fetch(new URL(path, sandbox.url()), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await answer.text();
  return { status: answer.status, json: text === "" ? null : JSON.parse(text) };
}

async function deliver(account: string, id: string, body: unknown = {}): Promise<number> {
  const answer = await fetch(new URL(`/webhook/${account}`, sandbox.url()), {
    method: "POST",
    headers: { "content-type": "application/json", "webhook-id": id },
    body: JSON.stringify(body),
  });
  await answer.arrayBuffer();
  return answer.status;
}

describe("commanding faults", () => {
  test("a fault is listed with what is left of it, and removed one by one or all at once", async () => {
    const rule = { account: "a", times: 3, fault: { kind: "status", status: 500 } };
    const added = await call("POST", "/_control/faults", rule);
    expect(added).toMatchObject({ status: 201, json: { ...rule, applied: 0, remaining: 3 } });
    const { id } = added.json as { id: string };
    await deliver("a", "p1");
    await deliver("b", "p2");
    expect((await call("GET", "/_control/faults")).json).toMatchObject({ data: [{ id, applied: 1, remaining: 2 }] });

    expect((await call("DELETE", `/_control/faults/${id}`)).status).toBe(204);
    expect((await call("DELETE", `/_control/faults/${id}`)).status).toBe(404);
    expect(await deliver("a", "p1")).toBe(200);
    await call("POST", "/_control/faults", rule);
    expect((await call("DELETE", "/_control/faults")).json).toEqual({ cleared: 1 });
  });

  test.each([
    ["an unknown kind", { times: 1, fault: { kind: "explode" } }, /kind/],
    ["an unknown field", { times: 1, fault: { kind: "reset", ms: 1 } }, /ms/],
    ["an unknown field beside the fault", { times: 1, acount: "a", fault: { kind: "reset" } }, /acount/],
    ["a fault without what it needs", { times: 1, fault: { kind: "delay" } }, /ms/],
    ["no count", { fault: { kind: "reset" } }, /times/],
    ["a count of none", { times: 0, fault: { kind: "reset" } }, /times/],
    ["a success as the failing status", { times: 1, fault: { kind: "status", status: 200 } }, /status/],
    ["chance without a seed", { times: 1, probability: 0.5, fault: { kind: "reset" } }, /seed/],
    ["a seed without chance", { times: 1, seed: 5, fault: { kind: "reset" } }, /probability/],
    [
      "a lag of something else than a listing",
      { times: 1, stage: "read", fault: { kind: "lookup_lag", ms: 1 } },
      /list/,
    ],
    [
      "a failing look-up while publishing",
      { times: 1, stage: "publish", fault: { kind: "lookup_fail", status: 500 } },
      /read or a list/,
    ],
  ])("%s is a 400 that names it", async (_what, rule, named) => {
    const { status, json } = await call("POST", "/_control/faults", rule);
    expect(status).toBe(400);
    expect(JSON.stringify(json)).toMatch(named);
    expect((await call("GET", "/_control/faults")).json).toEqual({ data: [] });
  });
});

describe("reading the ledger", () => {
  interface Page {
    data: LedgerEntry[];
    total: number;
    dropped: number;
    nextAfter: number | null;
  }
  const read = async (query: string) => (await call("GET", `/_ledger${query}`)).json as Page;

  test("filters narrow it down and the total counts what fits them", async () => {
    await deliver("a", "p1");
    await deliver("a", "p1");
    await deliver("b", "p2");
    expect(await read("?account=a")).toMatchObject({ total: 2, dropped: 0, nextAfter: null });
    expect((await read("?outcome=repeat")).data.map(({ postId }) => postId)).toEqual(["p1"]);
    expect((await read("?postId=p2&platform=webhook")).total).toBe(1);
    expect((await read("?platform=other")).total).toBe(0);
  });

  test("since leaves out what was received before that instant", async () => {
    await deliver("a", "p1");
    const [entry] = (await read("")).data;
    const receivedAt = Date.parse(entry?.receivedAt ?? "");
    expect((await read(`?since=${new Date(receivedAt).toISOString()}`)).total).toBe(1);
    expect((await read(`?since=${new Date(receivedAt + 1).toISOString()}`)).total).toBe(0);
  });

  test("pages follow each other without a gap", async () => {
    for (const id of ["p1", "p2", "p3", "p4", "p5"]) await deliver("a", id);
    const seen: (string | null)[] = [];
    let after: number | null = 0;
    while (after !== null) {
      const page: Page = await read(`?limit=2&after=${after}`);
      expect(page.total).toBe(5);
      seen.push(...page.data.map(({ postId }) => postId));
      after = page.nextAfter;
    }
    expect(seen).toEqual(["p1", "p2", "p3", "p4", "p5"]);
  });

  test.each(["?limit=0", "?limit=x", "?since=yesterday", "?acount=a", "?outcome=maybe"])(
    "%s is a 400",
    async (query) => {
      expect((await call("GET", `/_ledger${query}`)).status).toBe(400);
    },
  );

  test("clearing it lets a processed id be processed again", async () => {
    await deliver("a", "p1");
    expect((await call("DELETE", "/_ledger")).json).toEqual({ cleared: 1 });
    await deliver("a", "p1");
    expect((await read("")).data.map(({ outcome }) => outcome)).toEqual(["accepted"]);
  });
});

describe("the process", () => {
  test("says once where it listens and stops cleanly while a client hangs", async () => {
    const app = await launchApp("sandbox", { SANDBOX_PORT: "0", LOG_LEVEL: "info" });
    await fetch(new URL("/_control/faults", app.url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ times: 1, fault: { kind: "hang" } }),
    });
    const hanging = fetch(new URL("/webhook/a", app.url), { method: "POST", headers: { "webhook-id": "p1" } });
    await until("the call to hang", () => Promise.resolve(app.output().includes('"received"')));
    app.kill("SIGTERM");

    await expect(hanging).rejects.toThrow(TypeError);
    expect((await app.exited).code).toBe(0);
    const listening = app.logs().filter((line) => (line as { msg?: string }).msg === "listening");
    expect(listening).toMatchObject([{ url: app.url }]);
  });

  test("a port that is taken is one clear sentence", async () => {
    const { port } = new URL(sandbox.url());
    const second = createSandbox({ host: "127.0.0.1", port: Number(port) }, { logger });
    await expect(second.start()).rejects.toThrow(StartError);
    await expect(second.start()).rejects.toThrow(/set SANDBOX_PORT/);
    await second.stop();
  });
});
