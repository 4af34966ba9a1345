/** Traces lead from a client's request through the job to the platform's call; a small collector hears them. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { noTracing, openTracing } from "@punctual/runtime";
import { createTestEnvironment, launchApp, until, type LaunchedApp, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

interface HeardSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
  status: { code?: number };
}

let env: TestEnvironment;
let collector: Server;
let apps: LaunchedApp[];
const spans: HeardSpan[] = [];
const paths = new Set<string>();
let everything = "";
const [caller, callerSpan] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
const text = "A text that no trace may hold";

beforeAll(async () => {
  env = await createTestEnvironment();
  collector = createServer((request, response) => {
    paths.add(request.url ?? "");
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      hear(Buffer.concat(chunks).toString());
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  collector.listen(0, "127.0.0.1");
  await once(collector, "listening");
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const sandbox = await launchApp("sandbox", {});
  const settings = {
    DATABASE_URL: env.databaseUrl,
    REDIS_URL: env.redisUrl,
    ENCRYPTION_KEYS: env.encryptionKeys,
    SANDBOX_URL: sandbox.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  };
  const started = [
    launchApp("api", { ...settings, OPERATOR_PASSWORD: "operator-password" }),
    launchApp("worker", settings),
  ];
  apps = [...(await Promise.all(started)), sandbox];
});
afterAll(async () => {
  for (const app of apps ?? []) app.kill("SIGKILL");
  await Promise.all((apps ?? []).map(({ exited }) => exited));
  collector?.close();
  await env?.close();
});

function hear(body: string): void {
  everything += body;
  const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: HeardSpan[] }[] }[] };
  spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
}

const named = (name: string) => spans.find((span) => span.name === name && span.traceId === caller);

test("one trace leads from the caller's span through request, scheduling and job to the platform", async () => {
  const { apiKey, socialAccountId, webhookSecret } = await env.createTenant();
  const answer = await fetch(`${apps[0]?.url}/v1/posts`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${apiKey}`,
      "content-type": "application/json",
      traceparent: `00-${caller}-${callerSpan}-01`,
    },
    body: JSON.stringify({ socialAccountId, text }),
  });
  expect(answer.status).toBe(201);
  const { id } = (await answer.json()) as { id: string };
  const way = ["POST /v1/posts", "schedule", "publish webhook", "webhook send"];
  await until("all spans were heard", async () => way.every((name) => named(name) !== undefined), {
    timeoutMs: 30_000,
  });
  const parents = way.map((name) => named(name)?.parentSpanId);
  expect(parents).toEqual([callerSpan, ...way.slice(0, 3).map((name) => named(name)?.spanId)]);
  const attributes = Object.fromEntries(
    (named("publish webhook")?.attributes ?? []).map(({ key, value }) => [key, value.stringValue ?? value.intValue]),
  );
  expect(attributes).toMatchObject({
    "punctual.post_id": id,
    "punctual.attempt": 1,
    "punctual.driver": expect.stringMatching(/job|poller/) as string,
  });
  expect([...paths]).toEqual(["/v1/traces"]);
  for (const secret of [text, apiKey, webhookSecret, env.encryptionKeys]) expect(everything).not.toContain(secret);
});

test("a platform's refusal is a failed span, without what it said", async () => {
  const { apiKey, socialAccountId } = await env.createTenant();
  const fault = { account: socialAccountId, times: 1, fault: { kind: "status", status: 410 } };
  const told = await fetch(`${apps[2]?.url}/_control/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(fault),
  });
  if (!told.ok) throw new Error(await told.text());
  const before = spans.length;
  await fetch(`${apps[0]?.url}/v1/posts`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ socialAccountId, text }),
  });
  const send = await until(
    "the send was heard",
    async () => spans.slice(before).find(({ name }) => name === "webhook send"),
    { timeoutMs: 30_000 },
  );
  expect(send.status).toMatchObject({ code: 2, message: "http_410" });
});

test("where no collector is named nothing is traced", async () => {
  expect(await openTracing({ endpoint: undefined, service: "test", version: "1" })).toBe(noTracing);
  const span = noTracing.begin({ name: "x", kind: "internal" });
  expect([span.traceParent, noTracing.current(), noTracing.isOn]).toEqual([null, null, false]);
  expect(await noTracing.within({ name: "x", kind: "internal" }, async () => 7)).toBe(7);
});

test("a collector that is away costs a post nothing, and a stop little", async () => {
  const tracing = await openTracing({ endpoint: "http://127.0.0.1:1", service: "test", version: "1" });
  await tracing.within({ name: "x", kind: "internal" }, async (span) => {
    expect(span.traceParent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(tracing.current()).toBe(span.traceParent);
  });
  await tracing.stop();
  expect(tracing.current()).toBeNull();
});
