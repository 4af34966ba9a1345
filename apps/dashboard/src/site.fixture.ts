/**
 * A whole installation with the page in a real browser: API, worker and sandbox as the processes they are, a Redis of
 * its own to be taken away.
 */
import {
  createTestEnvironment,
  freePort,
  insertTestPosts,
  launchApp,
  openBrowser,
  startOwnRedis,
  until,
  type LaunchedApp,
  type OwnRedis,
  type TestEnvironment,
  type TestPage,
  type TestTenant,
} from "@punctual/testing";
import type { BrowserContextOptions, Page } from "playwright-core";
import { ensureDashboard } from "../freshness.ts";

export const passwords = { operator: "operator-password", viewer: "viewer-password" } as const;

const hourMs = 3_600_000;
const failure = (category: string) =>
  `failure_category = '${category}', failure_code = 'http_503', failure_message = 'It answered 503.', failed_at = app_now()`;

/** For `force`: its time has passed. */
export const failed = (category = "platform") =>
  `status = 'failed', scheduled_at = app_now() - interval '1 hour', attempts = 5, attempts_used = 5, ${failure(category)}`;
export const unconfirmed = `status = 'unconfirmed', unconfirmed_at = app_now(), attempts = 1, ${failure("unknown_outcome")}`;

export interface Site {
  url: string;
  sandboxUrl: string;
  env: TestEnvironment;
  redis: OwnRedis;
  tenant: TestTenant;
  worker: LaunchedApp;
  startWorker(): Promise<void>;
  startApi(): Promise<void>;
  killApi(): Promise<void>;
  /** A page of the site, logged in. */
  open(user: keyof typeof passwords, path: string, options?: BrowserContextOptions): Promise<TestPage>;
  newPage(options?: BrowserContextOptions): Promise<TestPage>;
  logIn(page: Page, user: keyof typeof passwords, path: string): Promise<void>;
  /** Calls the clients' API. */
  call<Body>(method: string, path: string, body?: object): Promise<Body>;
  /** A post, due in an hour. @returns its id */
  post(text: string): Promise<string>;
  posts(count: number, text: string): Promise<string[]>;
  /** As a client does. @param as for another account than the site's own */
  publishNow(text: string, as?: Pick<TestTenant, "apiKey" | "socialAccountId">): Promise<string>;
  statusOf(id: string): Promise<string>;
  isPublished(id: string): Promise<unknown>;
  /** Puts posts into a state, past the program. */
  force(ids: readonly string[], change: string): Promise<void>;
  /** Cancelled ones, for lists that do not end. */
  insertEndedPosts(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const [env, redis, sandbox, browser, port] = await Promise.all([
    createTestEnvironment(),
    startOwnRedis(),
    launchApp("sandbox", {}),
    openBrowser(),
    freePort(),
    ensureDashboard(),
  ]);
  const tenant = await env.createTenant();
  const environment = {
    DATABASE_URL: env.databaseUrl,
    REDIS_URL: redis.url,
    ENCRYPTION_KEYS: env.encryptionKeys,
    SANDBOX_URL: sandbox.url,
    OPERATOR_PASSWORD: passwords.operator,
    VIEWER_PASSWORD: passwords.viewer,
    PORT: String(port),
  };
  const startApi = () => launchApp("api", environment);
  const startWorker = () => launchApp("worker", environment);
  let [api, worker] = await Promise.all([startApi(), startWorker()]);
  const { url } = api;

  const logIn = async (page: Page, user: keyof typeof passwords, path: string) => {
    await page.goto(url + path);
    await page.getByLabel("User").fill(user);
    await page.getByLabel("Password").fill(passwords[user]);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("button", { name: "Log out" }).waitFor();
  };
  const call = async <Body>(
    method: string,
    path: string,
    body?: object,
    { apiKey }: Pick<TestTenant, "apiKey"> = tenant,
  ) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Body;
  };
  const posts = (count: number, text: string) => insertTestPosts(env, tenant, count, { dueInMs: hourMs, text });
  const statusOf = async (id: string) => {
    const [row] = await env.sql<{ status: string }>("SELECT status FROM posts WHERE id = $1", [id]);
    return row?.status ?? "unknown";
  };
  return {
    url,
    sandboxUrl: sandbox.url,
    env,
    redis,
    tenant,
    get worker() {
      return worker;
    },
    startWorker: async () => void (worker = await startWorker()),
    startApi: async () => void (api = await startApi()),
    killApi: async () => {
      api.kill("SIGKILL");
      await api.exited;
    },
    logIn,
    newPage: (options) => browser.newPage(options),
    open: async (user, path, options) => {
      const opened = await browser.newPage(options);
      await logIn(opened.page, user, path);
      return opened;
    },
    call,
    posts,
    post: async (text) => (await posts(1, text))[0] as string,
    publishNow: async (text, as = tenant) => {
      const { socialAccountId } = as;
      return (await call<{ id: string }>("POST", "/v1/posts", { socialAccountId, text }, as)).id;
    },
    statusOf,
    isPublished: (id) => until("the post to be out", async () => (await statusOf(id)) === "published"),
    force: async (ids, change) => {
      await env.sql(`UPDATE posts SET ${change} WHERE id = ANY($1::uuid[])`, [ids]);
    },
    insertEndedPosts: async (count) => {
      const { companyId, socialAccountId, clientId } = tenant;
      // One by one the checks of foreign keys take longer than all the rest; so what the triggers note is noted here.
      await env.sql(
        `SET LOCAL session_replication_role = replica;
         INSERT INTO posts (id, company_id, social_account_id, client_id, platform, content, scheduled_at, grace_minutes,
                            when_late, late_at, status, accepted_at, max_attempts, next_attempt_at, created_at, updated_at)
         SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '${companyId}', '${socialAccountId}',
                '${clientId}', 'webhook', 'Post ' || n, app_now(), 1, 'miss', app_now(), 'cancelled', app_now(), 5,
                app_now(), app_now(), app_now()
         FROM generate_series(1, ${count}) AS n;
         INSERT INTO post_count_changes (platform, to_status, amount) VALUES ('webhook', 'cancelled', ${count})`,
      );
    },
    close: async () => {
      await browser.close();
      for (const app of [api, worker, sandbox]) app.kill("SIGKILL");
      await Promise.all([api.exited, worker.exited, sandbox.exited]);
      await redis.close();
      await env.close();
    },
  };
}
