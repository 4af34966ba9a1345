/**
 * Load on an installation as it is shipped, an API, a worker and the sandbox, each a process of its own: many requests
 * at once, many changes of one post, and 10,000 posts due at one instant. Nothing is lost, doubled or mixed up, as the
 * sandbox's ledger has it, and no process ever occupies 200 MB. At the end the worker dies, and whoever asks `/healthz`
 * learns of it. Prints the figures.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import {
  createTestEnvironment,
  launchApp,
  until,
  type LaunchedApp,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface Post {
  id: string;
  status: string;
  revision: number;
  text: string;
  scheduledAt: string;
}

interface Answer<Body> {
  status: number;
  body: Body;
}

interface LedgerEntry {
  sequence: number;
  outcome: "accepted" | "repeat" | "refused";
  postId: string;
  content: { text: string };
}

const residentMaxMb = 200;
const postsAtOnce = 100;
const changesOfOne = 50;
const bulks = 10;
const bulkSize = 1_000;
/** From the first bulk to the instant: all are accepted by then where there are two processors. */
const bulkLeadMs = 6_000;
const unhealthyMaxMs = 30_000;
const startTimeoutMs = 120_000;
const testTimeoutMs = 240_000;
const patience = { timeoutMs: 200_000, intervalMs: 200 };

let env: TestEnvironment;
let tenant: TestTenant;
let sandbox: LaunchedApp;
let api: LaunchedApp;
let worker: LaunchedApp;

beforeAll(async () => {
  // As after an installation, whatever was changed since.
  execFileSync(process.execPath, [path.join(import.meta.dirname, "strip-types.mjs")], { stdio: "ignore" });
  [env, sandbox] = await Promise.all([createTestEnvironment(), launchApp("sandbox", {})]);
  tenant = await env.createTenant();
  const settings = {
    ...env.settings,
    SANDBOX_URL: sandbox.url,
    ALLOW_PRIVATE_NETWORKS: "true",
    WORKER_CONCURRENCY: "100",
  };
  [api, worker] = await Promise.all([launchApp("api", settings), launchApp("worker", settings)]);
}, startTimeoutMs);
afterAll(async () => {
  const apps = [api, worker, sandbox].filter((app) => app !== undefined);
  for (const app of apps) app.kill("SIGTERM");
  await Promise.all(apps.map(({ exited }) => exited));
  await env?.close();
});

test(
  `${postsAtOnce} posts scheduled at once are each published once, with their own text`,
  async () => {
    const texts = Array.from({ length: postsAtOnce }, (_, index) => `One of many, number ${index}`);
    const posts = await Promise.all(texts.map((text) => schedule({ text })));
    expect(posts.map(({ text }) => text)).toEqual(texts);
    await allPublished(posts);
    expect(await shown(posts)).toEqual(new Map(posts.map(({ id, text }) => [id, [text]])));
    report("100 posts at once");
  },
  testTimeoutMs,
);

test(
  `${changesOfOne} rapid changes of one post each have a definite answer, and the last text is published, once`,
  async () => {
    const plannedFor = Date.now() + 3_600_000;
    const post = await schedule({ text: "As first written", scheduledAt: new Date(plannedFor).toISOString() });
    const account = `/v1/social-accounts/${tenant.socialAccountId}`;
    const edited: Post[] = [];
    const changes = Array.from({ length: changesOfOne }, (_, index) => async () => {
      if (index % 10 === 3) return (await call("POST", `${account}/pause`)).status;
      if (index % 10 === 6) return (await call("POST", `${account}/resume`)).status;
      // No two alike, and none like the post: what changes nothing makes no revision.
      const scheduledAt = new Date(plannedFor + index).toISOString();
      const change = index % 2 === 0 ? { text: `Version ${index}` } : { scheduledAt };
      const answer = await call<Post>("PATCH", `/v1/posts/${post.id}`, change);
      if (answer.status === 200) edited.push(answer.body);
      return answer.status;
    });
    const statuses = await Promise.all(changes.map((change) => change()));
    expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([]);

    // Each accepted change made a revision of its own, and the last one stands.
    expect(edited.length).toBeGreaterThan(0);
    expect(new Set(edited.map(({ revision }) => revision)).size).toBe(edited.length);
    const last = edited.toSorted((a, b) => a.revision - b.revision).at(-1);
    const { body: now } = await call<Post>("GET", `/v1/posts/${post.id}`);
    expect([now.text, now.scheduledAt]).toEqual([last?.text, last?.scheduledAt]);

    expect((await call("POST", `${account}/resume`)).status).toBe(200);
    expect((await call("PATCH", `/v1/posts/${post.id}`, { scheduledAt: inMs(0) })).status).toBe(200);
    await allPublished([post]);
    expect(await shown([post])).toEqual(new Map([[post.id, [last?.text]]]));
    report("50 changes of one post");
  },
  testTimeoutMs,
);

test(
  `${bulks * bulkSize} posts due at one instant are each published once, with their own text`,
  async () => {
    const scheduledAt = inMs(bulkLeadMs);
    const posts: Post[] = [];
    const beganAt = performance.now();
    for (let bulk = 0; bulk < bulks; bulk += 1) {
      const drafts = Array.from({ length: bulkSize }, (_, index) => ({
        socialAccountId: tenant.socialAccountId,
        text: `Number ${index} of bulk ${bulk}. ${"There is always something to say. ".repeat(5)}`,
        scheduledAt,
      }));
      const { status, body } = await call<{ data: Post[] }>("POST", "/v1/posts/bulk", { posts: drafts });
      expect(status).toBe(201);
      expect(body.data.map(({ text }) => text)).toEqual(drafts.map(({ text }) => text));
      posts.push(...body.data);
    }
    const acceptedMs = performance.now() - beganAt;
    await allPublished(posts);
    const drainedMs = Math.max(0, Date.now() - Date.parse(scheduledAt));
    expect(await shown(posts)).toEqual(new Map(posts.map(({ id, text }) => [id, [text]])));
    const perSecond = Math.round(posts.length / (drainedMs / 1_000));
    report(`10,000 posts: accepted in ${Math.round(acceptedMs)} ms, published ${perSecond} a second`);
  },
  testTimeoutMs,
);

describe.runIf(process.platform === "linux")("memory", () => {
  test.each(["api", "worker", "sandbox"] as const)(`the %s never occupied ${residentMaxMb} MB`, (name) => {
    const { peakMb } = memoryOf({ api, worker, sandbox }[name].pid);
    expect(peakMb).toBeGreaterThan(20);
    expect(peakMb).toBeLessThan(residentMaxMb);
  });
});

test(
  `/healthz tells of the last worker's death within ${unhealthyMaxMs / 1_000} s`,
  async () => {
    // Posts that were late under the load before are complained of, with reason, until probes come through again.
    await until(
      "it to call the installation healthy",
      async () => {
        const answer = await fetch(new URL("/healthz", api.url));
        if (answer.status !== 200) throw new Error(await answer.text());
        return true;
      },
      { timeoutMs: unhealthyMaxMs, intervalMs: 200 },
    );
    worker.kill("SIGKILL");
    const diedAt = performance.now();
    await worker.exited;
    await schedule({ text: "Nobody takes it" });
    const { reasons } = await until(
      "the API to say it",
      async () => {
        const answer = await fetch(new URL("/healthz", api.url));
        const { reasons } = (await answer.json()) as { reasons: { code: string }[] };
        // Something else may be wrong as well, and be told first.
        return answer.status === 503 && reasons.some(({ code }) => code === "no_worker") ? { reasons } : null;
      },
      patience,
    );
    const afterMs = performance.now() - diedAt;
    expect(afterMs).toBeLessThan(unhealthyMaxMs);
    expect(reasons.map(({ code }) => code)).toContain("no_worker");
    report(`/healthz 503 after ${Math.round(afterMs)} ms`);
  },
  testTimeoutMs,
);

/** Due now unless said otherwise. */
async function schedule(draft: { text: string; scheduledAt?: string }): Promise<Post> {
  const { status, body } = await call<Post>("POST", "/v1/posts", { socialAccountId: tenant.socialAccountId, ...draft });
  expect(status).toBe(201);
  return body;
}

async function call<Body>(method: string, path: string, body?: unknown): Promise<Answer<Body>> {
  const answer = await fetch(new URL(path, api.url), {
    method,
    headers: {
      authorization: `Bearer ${tenant.apiKey}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Body };
}

async function allPublished(posts: readonly Post[]): Promise<void> {
  const ids = posts.map(({ id }) => id);
  await until(
    "all posts are published",
    async () => {
      const open = "SELECT 1 FROM posts WHERE id = ANY($1::uuid[]) AND status <> 'published' LIMIT 1";
      return (await env.sql(open, [ids])).length === 0;
    },
    patience,
  );
}

/** What readers see of them: the texts of everything that became visible, or reached the receiver again. */
async function shown(posts: readonly Post[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>(posts.map(({ id }) => [id, []]));
  for (let after: number | null = 0; after !== null;) {
    const url = new URL(`/_ledger?limit=1000&after=${after}`, sandbox.url);
    const page = (await (await fetch(url)).json()) as { data: LedgerEntry[]; nextAfter: number | null };
    for (const { postId, content } of page.data) found.get(postId)?.push(content.text);
    after = page.nextAfter ?? null;
  }
  return found;
}

function inMs(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

function report(what: string): void {
  const processes = Object.entries({ api, worker, sandbox }).map(([name, { pid }]) => {
    const { nowMb, peakMb } = memoryOf(pid);
    return `${name} ${nowMb} MB, at most ${peakMb}`;
  });
  console.log(`${what} · ${processes.join(" · ")}`);
}

/** Resident now and at most so far; 0 where the system does not tell, or nobody is there. */
function memoryOf(pid: number): { nowMb: number; peakMb: number } {
  let status = "";
  try {
    status = readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    // No Linux, or it is dead.
  }
  const megabytes = (field: string) =>
    Math.round((Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1_024) / 1e6);
  return { nowMb: megabytes("VmRSS"), peakMb: megabytes("VmHWM") };
}
