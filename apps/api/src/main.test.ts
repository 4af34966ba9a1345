import { connect } from "node:net";
import { createTestEnvironment, launchApp, until, type LaunchedApp, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testOperators } from "./app-under-test.ts";
import type { PostOut } from "./posts/schemas.ts";

let env: TestEnvironment;
let tenant: Awaited<ReturnType<TestEnvironment["createTenant"]>>;
const deadRedis = "redis://127.0.0.1:1/0";

beforeAll(async () => {
  env = await createTestEnvironment();
  tenant = await env.createTenant();
});
afterAll(() => env?.close());

const environment = (change: Record<string, string> = {}) => ({
  DATABASE_URL: env.databaseUrl,
  REDIS_URL: env.redisUrl,
  ENCRYPTION_KEYS: env.encryptionKeys,
  OPERATOR_PASSWORD: testOperators.operatorPassword,
  ...change,
});
/** A module that has its process tell, at SIGCONT, the packages it has loaded so far. */
const tellPackages = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  const packages = new Set();
  const load = (url, context, next) => {
    const name = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
    if (name !== undefined) packages.add(name);
    return next(url, context);
  };
  registerHooks({ load });
  process.on("SIGCONT", () => console.log(JSON.stringify({ msg: "loaded", packages: [...packages] })));
`)}`;
const schedule = (api: LaunchedApp, text = "Hello", requestId = "from-main-test") =>
  fetch(`${api.url}/v1/posts`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${tenant.apiKey}`,
      "content-type": "application/json",
      "x-request-id": requestId,
    },
    body: JSON.stringify({ socialAccountId: tenant.socialAccountId, text }),
  });
const failure = async (change: Record<string, string>) =>
  launchApp("api", environment(change)).then(
    () => expect.fail("it should not have started"),
    (error: unknown) => (error as Error).message,
  );

test("a process accepts posts, has them enqueued, and ends with 0 on SIGTERM", async () => {
  const api = await launchApp("api", environment());
  const answer = await schedule(api);
  const post = (await answer.json()) as PostOut;
  expect(answer.status).toBe(201);
  await until("the row says its job was taken", async () => {
    const rows = await env.sql("SELECT FROM posts WHERE id = $1 AND enqueued_rev = 1", [post.id]);
    return rows.length > 0;
  });
  api.kill("SIGTERM");
  expect(await api.exited).toEqual({ code: 0, signal: null });
});

test("the log tells of each request by its id, and never its text or key", async () => {
  const api = await launchApp("api", environment({ LOG_LEVEL: "trace" }));
  await schedule(api, "a very private text", "traced-request");
  const lines = await until("the request is logged", async () => {
    const found = api.logs().filter(({ requestId }) => requestId === "traced-request");
    return found.some(({ msg }) => msg === "request answered") ? found : null;
  });
  expect(lines).toContainEqual(
    expect.objectContaining({ method: "POST", route: "/v1/posts", status: 201, companyId: tenant.companyId }),
  );
  expect(lines.find(({ companyId }) => companyId !== undefined)).toHaveProperty("apiKeyId");
  api.kill("SIGTERM");
  await api.exited;
  for (const secret of ["a very private text", tenant.apiKey, env.encryptionKeys, testOperators.operatorPassword]) {
    expect(api.output()).not.toContain(secret);
  }
});

test("what is rarely asked for is loaded when it is, by those who may", async () => {
  const api = await launchApp("api", environment({ NODE_OPTIONS: `--import=${tellPackages}` }));
  const loaded = async () => {
    const answers = () => api.logs().filter(({ msg }) => msg === "loaded");
    const before = answers().length;
    api.kill("SIGCONT");
    return until("it tells what it loaded", async () => answers()[before]?.["packages"] as string[] | undefined);
  };
  const ask = (url: string, headers: Record<string, string> = {}) => fetch(new URL(url, api.url), { headers });
  expect((await ask("/queues")).status).toBe(401);
  const atStart = await loaded();
  expect(atStart).toEqual(expect.arrayContaining(["fastify", "bullmq"]));
  for (const rare of ["@bull-board/api", "lodash", "@scalar/fastify-api-reference", "mediabunny", "file-type"])
    expect(atStart).not.toContain(rare);

  const authorization = `Basic ${Buffer.from(`operator:${testOperators.operatorPassword}`).toString("base64")}`;
  const pages = await Promise.all(["/queues", "/queues/", "/queues"].map((url) => ask(url, { authorization })));
  expect(pages.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await loaded()).toContain("@bull-board/api");
  api.kill("SIGTERM");
  expect(await api.exited).toEqual({ code: 0, signal: null });
});

test("two processes keep the limit of a key together", async () => {
  const { apiKey } = await env.createTenant();
  const limited = environment({ RATE_LIMIT_PER_MINUTE: "30" });
  const [one, two] = await Promise.all([launchApp("api", limited), launchApp("api", limited)]);
  const ask = async (api: LaunchedApp) => {
    const answer = await fetch(`${api.url}/v1/clients`, { headers: { authorization: `Bearer ${apiKey}` } });
    await answer.arrayBuffer();
    return answer;
  };
  for (let request = 0; request < 20; request += 1) expect((await ask(one)).status).toBe(200);
  expect((await ask(two)).headers.get("ratelimit-policy")).toBe('"per-key";q=30;w=60');
  const pauseMs = { intervalMs: 200 };
  // Without the other's count it would take 30 requests here, so many that this one looks half as often.
  let asked = 1;
  await until(
    "the second knows of the first",
    async () => {
      asked += 1;
      return (await ask(two)).status === 429;
    },
    pauseMs,
  );
  expect(asked).toBeLessThan(30);
  for (const api of [one, two]) api.kill("SIGTERM");
  expect(await Promise.all([one.exited, two.exited])).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ]);
});

test("it starts, serves and stops in time while Redis is away", async () => {
  const api = await launchApp("api", environment({ REDIS_URL: deadRedis }));
  expect((await schedule(api)).status).toBe(201);
  expect(await (await fetch(`${api.url}/readyz`)).json()).toMatchObject({ status: "degraded" });
  api.kill("SIGTERM");
  expect(await api.exited).toEqual({ code: 0, signal: null });
});

test("on SIGTERM a request that has begun is finished, and idle connections are closed", async () => {
  const api = await launchApp("api", environment());
  const { hostname, port } = new URL(api.url);
  const body = JSON.stringify({ socialAccountId: tenant.socialAccountId, text: "half sent" });
  const socket = connect(Number(port), hostname);
  let received = "";
  socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(
    `POST /v1/posts HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${tenant.apiKey}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nexpect: 100-continue\r\n\r\n`,
  );
  // The server has read the head, so the request runs.
  await until("the server asks for the body", async () => received.includes("100 Continue"));
  const idle = connect(Number(port), hostname);
  const idleClosed = new Promise((resolve) => idle.once("close", resolve));
  await new Promise((resolve) => idle.once("connect", resolve));
  api.kill("SIGTERM");
  await until("it is stopping", async () => api.logs().some(({ msg }) => msg === "stopping"));
  socket.write(body);
  await closed;
  expect(received).toContain("HTTP/1.1 201 Created");
  await idleClosed;
  expect(await api.exited).toEqual({ code: 0, signal: null });
  expect(api.logs().map(({ msg }) => msg)).not.toContain("requests still ran, cutting their connections");
});

test("without settings it names every one that is missing", async () => {
  const message = await failure({ DATABASE_URL: "", REDIS_URL: "", ENCRYPTION_KEYS: "short", OPERATOR_PASSWORD: "" });
  for (const name of ["DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEYS", "OPERATOR_PASSWORD"])
    expect(message).toContain(name);
  expect(message).not.toContain("short");
});

test("it names a proxy that is no address", async () => {
  expect(await failure({ TRUSTED_PROXIES: "10.0.0.0/8,proxy" })).toContain("TRUSTED_PROXIES");
  expect(await failure({ TRUSTED_PROXIES: "10.0.0.0/8,999.0.0.1" })).toContain("TRUSTED_PROXIES");
});

test("on a database without our schema it says what to run", async () => {
  const name = `${new URL(env.databaseUrl).pathname.slice(1)}_bare`;
  await env.sql(`CREATE DATABASE ${name}`);
  const url = new URL(env.databaseUrl);
  url.pathname = `/${name}`;
  expect(await failure({ DATABASE_URL: url.href })).toContain("npm run db:migrate");
  await env.sql(`DROP DATABASE ${name} WITH (FORCE)`);
});
