/** Faults down to the socket, over real connections, each with what the ledger says of it. */
import { once } from "node:events";
import { connect } from "node:net";
import { createLogger } from "@punctual/runtime";
import { until } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { LedgerEntry } from "./ledger/ledger.ts";
import { createSandbox } from "./sandbox.ts";

const sandbox = createSandbox({ host: "127.0.0.1", port: 0 }, { logger: createLogger("sandbox", "silent") });

beforeAll(() => sandbox.start());
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await fetch(new URL("/_ledger", sandbox.url()), { method: "DELETE" });
  await fetch(new URL("/_control/faults", sandbox.url()), { method: "DELETE" });
});

async function command(fault: Record<string, unknown>, rest: Record<string, unknown> = {}): Promise<void> {
  const answer = await fetch(new URL("/_control/faults", sandbox.url()), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ times: 1, fault, ...rest }),
  });
  expect(answer.status).toBe(201);
}

async function ledger(): Promise<LedgerEntry[]> {
  return ((await (await fetch(new URL("/_ledger", sandbox.url()))).json()) as { data: LedgerEntry[] }).data;
}

/** Sends one delivery over a connection of its own and reads until it ends, or until told to leave. */
async function deliver(leaveAfter?: () => Promise<unknown>): Promise<{ bytes: string; end: string }> {
  const { hostname, port } = new URL(sandbox.url());
  const socket = connect(Number(port), hostname);
  let bytes = "";
  let end = "closed";
  socket.setEncoding("utf8").on("data", (chunk: string) => (bytes += chunk));
  socket.on("error", (error: NodeJS.ErrnoException) => (end = error.code ?? "error"));
  const closed = once(socket, "close");
  socket.write("POST /webhook/a HTTP/1.1\r\nhost: sandbox\r\nwebhook-id: p1\r\nconnection: close\r\n");
  socket.write('content-type: application/json\r\ncontent-length: 13\r\n\r\n{"text":"hi"}');
  if (leaveAfter !== undefined) {
    await leaveAfter();
    socket.destroy();
  }
  await closed.catch(() => undefined);
  return { bytes, end };
}

describe("a certain no", () => {
  test("status: answers it with its Retry-After and body, and publishes nothing", async () => {
    await command({ kind: "status", status: 503, retryAfter: 7, body: { error: "busy" } });
    const { bytes } = await deliver();
    expect(bytes).toMatch(/^HTTP\/1\.1 503 /);
    expect(bytes).toMatch(/\r\nretry-after: 7\r\n/i);
    expect(bytes).toContain('{"error":"busy"}');
    expect(await ledger()).toMatchObject([{ outcome: "refused", status: 503, fault: "status", externalId: null }]);
  });

  test("status: gives an HTTP date as Retry-After as it was told", async () => {
    await command({ kind: "status", status: 429, retryAfter: "Wed, 21 Oct 2026 07:28:00 GMT", body: "slow down" });
    const { bytes } = await deliver();
    expect(bytes).toMatch(/\r\nretry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n/i);
    expect(bytes).toMatch(/slow down$/);
  });

  test("reset: the connection breaks without an answer", async () => {
    await command({ kind: "reset" });
    expect(await deliver()).toEqual({ bytes: "", end: "ECONNRESET" });
    expect(await ledger()).toMatchObject([{ outcome: "refused", status: null, fault: "reset" }]);
  });

  test("hang: nothing comes until the time is up, and nothing is published", async () => {
    await command({ kind: "hang", ms: 20 });
    expect(await deliver()).toEqual({ bytes: "", end: "closed" });
    expect(await ledger()).toMatchObject([{ outcome: "refused", status: null, fault: "hang" }]);
  });
});

describe("published, but the answer is lost or another", () => {
  test("accept_then_reset: the post is visible and the connection breaks", async () => {
    await command({ kind: "accept_then_reset" });
    expect(await deliver()).toEqual({ bytes: "", end: "ECONNRESET" });
    expect(await ledger()).toMatchObject([{ outcome: "accepted", status: null, fault: "accept_then_reset" }]);
  });

  test("accept_then_hang: the post is visible while the client still waits, until it leaves", async () => {
    await command({ kind: "accept_then_hang" });
    const visible = () => until("the post to be visible", async () => (await ledger()).length === 1);
    expect(await deliver(visible)).toEqual({ bytes: "", end: "closed" });
    expect(await ledger()).toMatchObject([{ outcome: "accepted", status: null, fault: "accept_then_hang" }]);
  });

  test("accept_then_status: the post is visible and the client is told it failed", async () => {
    await command({ kind: "accept_then_status", status: 500 });
    expect((await deliver()).bytes).toMatch(/^HTTP\/1\.1 500 /);
    expect(await ledger()).toMatchObject([{ outcome: "accepted", status: 500, fault: "accept_then_status" }]);
  });

  test("garbage: the answer is not HTTP", async () => {
    await command({ kind: "garbage", form: "not_http" });
    expect((await deliver()).bytes).toMatch(/^SSH-2\.0/);
    expect(await ledger()).toMatchObject([{ outcome: "accepted", status: null, fault: "garbage" }]);
  });

  test("garbage: the answer is JSON that breaks off", async () => {
    await command({ kind: "garbage", form: "invalid_json" });
    const answer = await fetch(new URL("/webhook/a", sandbox.url()), {
      method: "POST",
      headers: { "webhook-id": "p1" },
    });
    expect(answer.status).toBe(200);
    await expect(answer.json()).rejects.toThrow(SyntaxError);
    expect(await ledger()).toMatchObject([{ outcome: "accepted", status: 200, fault: "garbage" }]);
  });

  test("a lost answer is found again by repeating the same id", async () => {
    await command({ kind: "accept_then_reset" });
    await deliver();
    expect((await deliver()).bytes).toMatch(/^HTTP\/1\.1 200 /);
    expect((await ledger()).map(({ outcome }) => outcome)).toEqual(["accepted", "repeat"]);
  });
});

describe("slowness", () => {
  test("delay: the whole call happens later", async () => {
    await command({ kind: "delay", ms: 60 });
    const started = performance.now();
    const { bytes } = await deliver();
    expect(performance.now() - started).toBeGreaterThan(55);
    expect(bytes).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ledger()).toMatchObject([{ outcome: "accepted", status: 200, fault: "delay" }]);
  });

  test("delay: the post becomes visible although its sender has left by then", async () => {
    let ms = 25;
    // On a busy machine a short delay may be over before its sender has left: then the next one is longer.
    const entry = await until("a post whose sender had left", async () => {
      await fetch(new URL("/_control/faults", sandbox.url()), { method: "DELETE" });
      await fetch(new URL("/_ledger", sandbox.url()), { method: "DELETE" });
      await command({ kind: "delay", ms: (ms *= 2) });
      await deliver(() => until("the call to arrive", async () => (await faultsApplied()) === 1));
      const visible = await until("the post to be visible", async () => (await ledger())[0]);
      return visible.status === null ? visible : null;
    });
    expect(entry).toMatchObject({ outcome: "accepted", status: null, fault: "delay" });
  });

  test("slow_response: the head comes at once, the body in pieces until the time is up", async () => {
    await command({ kind: "slow_response", ms: 80 });
    const started = performance.now();
    const answer = await fetch(new URL("/webhook/a", sandbox.url()), {
      method: "POST",
      headers: { "webhook-id": "p1" },
    });
    expect(await ledger()).toMatchObject([{ outcome: "accepted", status: 200, fault: "slow_response" }]);
    expect(await answer.json()).toHaveProperty("id");
    expect(performance.now() - started).toBeGreaterThan(75);
  });
});

async function faultsApplied(): Promise<number> {
  const answer = await fetch(new URL("/_control/faults", sandbox.url()));
  const { data } = (await answer.json()) as { data: { applied: number }[] };
  return data.reduce((sum, { applied }) => sum + applied, 0);
}

test("stopping ends calls that hang or are delayed, and a delayed post then never appears", async () => {
  const lines: string[] = [];
  const logger = createLogger("sandbox", "info", { write: (line: string) => void lines.push(line) });
  const other = createSandbox({ host: "127.0.0.1", port: 0 }, { logger });
  await other.start();
  const url = other.url();
  const post = (path: string, body: unknown) =>
    fetch(new URL(path, url), {
      method: "POST",
      headers: { "webhook-id": "p1", "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  await post("/_control/faults", { times: 1, fault: { kind: "accept_then_hang" } });
  await post("/_control/faults", { times: 1, fault: { kind: "delay", ms: 600_000 } });
  const calls = Promise.allSettled([post("/webhook/a", {}), post("/webhook/a", {})]);
  await until("both calls to be under way", async () => {
    const { data } = (await (await fetch(new URL("/_control/faults", url))).json()) as { data: { applied: number }[] };
    return data.every(({ applied }) => applied === 1);
  });

  await other.stop();
  expect((await calls).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(messages).toEqual(["listening", "received"]);
});
