/**
 * The README's walk, walked by a program: `npm start` on an empty data directory, the demo posts leave, a post of
 * one's own by the curl line it prints, a worker killed while a post waits, Ctrl-C, and a second start that kept
 * everything. Says what it saw, line by line; the first thing that is not so ends it with exit code 1.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { until } from "@punctual/testing";
import { npmStart, npmStartRefusing, type DevFile, type Started } from "./smoke/started.ts";

interface Post {
  id: string;
  status: string;
  text: string;
  latenessMs: number | null;
}

const root = path.dirname(import.meta.dirname);
const scratch = mkdtempSync(path.join(tmpdir(), "punctual-smoke-"));
const dataDirectory = path.join(scratch, "data");
let started: Started | undefined;

try {
  started = await npmStart(root, dataDirectory);
  report(`npm start is up after ${(started.startMs / 1_000).toFixed(1)} s and says where everything is`);
  await checkAddresses(started.dev);
  await checkRefusals(started.dev);
  const first = await checkOwnPost(started);
  await checkWorkerDeath(started.dev);
  await checkDemoPosts(started.dev);
  await checkStop(started);

  const again = (started = await npmStart(root, dataDirectory));
  report(`a second start is up after ${(again.startMs / 1_000).toFixed(1)} s`);
  expect((await readPost(again.dev, first.id)).status === "published", "it kept the key and the posts");
  await checkStop(again);
} catch (error) {
  console.error(`NOT SO: ${(error as Error).message}`);
  console.error(started?.output() ?? "");
  process.exitCode = 1;
} finally {
  started?.killGroup();
  killWhatRemains();
  rmSync(scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

async function checkAddresses({ apiUrl, workerUrl, operator }: DevFile): Promise<void> {
  for (const url of [`${apiUrl}/livez`, `${apiUrl}/readyz`, `${workerUrl}/livez`, `${workerUrl}/readyz`]) {
    expect((await fetch(url)).status === 200, `${new URL(url).pathname} answers 200`);
  }
  const board = `${apiUrl}/queues`;
  expect((await fetch(board)).status === 401, "the queue board refuses strangers");
  const basic = `Basic ${Buffer.from(`${operator.user}:${operator.password}`).toString("base64")}`;
  expect((await fetch(board, { headers: { authorization: basic } })).status === 200, "and lets the operator in");

  const page = await until("the dashboard is built", async () => {
    const answer = await fetch(`${apiUrl}/`);
    return answer.ok ? answer.text() : null;
  });
  const [, script] = /src="(\/assets\/[^"]+\.js)"/.exec(page) ?? [];
  expect(script !== undefined && (await fetch(apiUrl + script)).ok, "the dashboard is served, with its script");
}

async function checkRefusals({ apiUrl }: DevFile): Promise<void> {
  const twice = await npmStartRefusing(root, dataDirectory);
  expect(twice.status === 1 && twice.output.includes("already runs on"), "a second start on the same data is refused");
  const { port } = new URL(apiUrl);
  const busy = await npmStartRefusing(root, path.join(scratch, "other"), { PORT: port });
  expect(busy.status === 1 && busy.output.includes(`Port ${port} (PORT) is taken`), "so is one on a taken port");
}

/** Pastes the curl line of the banner into a shell, and follows the post to the sandbox. */
async function checkOwnPost({ dev, output }: Started): Promise<Post> {
  const line = /^curl .*\\\n.*$/m.exec(output())?.[0];
  expect(line !== undefined, "the banner has a curl line");
  const post = JSON.parse(
    execFileSync("sh", ["-c", line ?? ""], { stdio: ["ignore", "pipe", "inherit"] }).toString(),
  ) as Post;
  expect(post.status === "scheduled", "pasted into a shell it schedules a post");
  const published = await waitFor(dev, post.id, "published");
  report(`which leaves at its instant (${published.latenessMs} ms after it)`);
  await checkArrival(dev, post);
  return published;
}

async function checkArrival({ sandboxUrl }: DevFile, { id, text }: Post): Promise<void> {
  const response = await fetch(`${sandboxUrl}/_ledger?postId=${id}`);
  const { data } = (await response.json()) as { data: { outcome: string; body: string }[] };
  const [entry, ...others] = data;
  expect(
    entry?.outcome === "accepted" && others.length === 0,
    "and arrives once, with a signature the receiver accepts",
  );
  expect((JSON.parse(entry?.body ?? "{}") as { text?: string }).text === text, "with its text");
}

async function checkWorkerDeath(dev: DevFile): Promise<void> {
  const records = JSON.parse(readFileSync(path.join(dataDirectory, "processes.json"), "utf8")) as Record<
    string,
    { pid: number }
  >;
  const scheduledAt = new Date(Date.now() + 3_000).toISOString();
  const post = await call<Post>(dev, "POST", "/v1/posts", {
    socialAccountId: dev.socialAccounts.webhook,
    text: "The worker is killed while this one waits.",
    scheduledAt,
  });
  process.kill(records["worker"]?.pid ?? 0, "SIGKILL");
  const published = await waitFor(dev, post.id, "published");
  report(`a post goes out although the worker was killed while it waited (${published.latenessMs} ms late)`);
  await checkArrival(dev, post);
}

async function checkDemoPosts(dev: DevFile): Promise<void> {
  const demo = await until(
    "the demo posts are published",
    async () => {
      const { data } = await call<{ data: Post[] }>(dev, "GET", "/v1/posts?groupId=demo");
      return data.length > 0 && data.every(({ status }) => status === "published") ? data : null;
    },
    { timeoutMs: 90_000, intervalMs: 250 },
  );
  const latest = Math.max(...demo.map(({ latenessMs }) => latenessMs ?? Infinity));
  expect(Number.isFinite(latest), `${demo.length} demo posts left at their instants (at most ${latest} ms after them)`);
}

async function checkStop(running: Started): Promise<void> {
  running.interrupt();
  expect((await running.exited) === 0, "Ctrl-C ends it with exit code 0");
  const remaining = ownProcesses();
  expect(
    remaining.length === 0,
    `and leaves no process behind${remaining.map(({ command }) => `\n${command}`).join("")}`,
  );
}

function waitFor(dev: DevFile, id: string, status: string): Promise<Post> {
  const probe = async () => {
    const post = await readPost(dev, id);
    return post.status === status ? post : null;
  };
  return until(`post ${id} is ${status}`, probe, { timeoutMs: 60_000, intervalMs: 100 });
}

function readPost(dev: DevFile, id: string): Promise<Post> {
  return call<Post>(dev, "GET", `/v1/posts/${id}`);
}

async function call<Answer>({ apiUrl, apiKey }: DevFile, method: string, url: string, body?: object): Promise<Answer> {
  const response = await fetch(`${apiUrl}${url}`, {
    method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** Whatever runs with our data directory in its command line or environment, on systems that show that. */
function ownProcesses(): { pid: number; command: string }[] {
  if (process.platform !== "linux") return [];
  const read = (file: string) => {
    try {
      return readFileSync(file, "utf8").replaceAll("\0", " ");
    } catch {
      return "";
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({
      pid: Number(name),
      command: read(`/proc/${name}/cmdline`),
      environment: read(`/proc/${name}/environ`),
    }))
    .filter(({ command, environment }) => command !== "" && `${command} ${environment}`.includes(dataDirectory));
}

function killWhatRemains(): void {
  for (const { pid } of ownProcesses()) process.kill(pid, "SIGKILL");
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
  report(what);
}

function report(what: string): void {
  console.log(`ok  ${what}`);
}
