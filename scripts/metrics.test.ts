/**
 * Names of metrics are a promise to whoever is woken by them: the table in docs/metrics.md, the alert rules and the
 * dashboard are held to what the processes really serve.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { processMetrics, type MetricDefinitions } from "@punctual/runtime";
import {
  createTestEnvironment,
  findPromtool,
  launchApp,
  until,
  type LaunchedApp,
  type TestEnvironment,
} from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiMetrics } from "../apps/api/src/overview/api-metrics.ts";
import { reasonCodes } from "../apps/api/src/overview/judgement.ts";
import { workerMetrics } from "../apps/worker/src/health/worker-metrics.ts";

const root = path.dirname(import.meta.dirname);
const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const rules = "ops/prometheus/alerts.yml";
const ruleTests = "ops/prometheus/alerts.test.yml";
const dashboard = "ops/grafana/punctual.json";
const password = "operator-password";

let env: TestEnvironment;
let api: LaunchedApp;
let worker: LaunchedApp;
/** Every metric that is served, with the labels of its samples. */
const served = new Map<string, Set<string>>();

beforeAll(async () => {
  env = await createTestEnvironment();
  const settings = { DATABASE_URL: env.databaseUrl, REDIS_URL: env.redisUrl, ENCRYPTION_KEYS: env.encryptionKeys };
  [api, worker] = await Promise.all([
    launchApp("api", { ...settings, OPERATOR_PASSWORD: password }),
    launchApp("worker", settings),
  ]);
  const authorization = `Basic ${Buffer.from(`operator:${password}`).toString("base64")}`;
  await until("the worker is heard of", async () => (await env.sql("SELECT FROM workers")).length > 0);
  for (const url of [`${api.url}/metrics`, `${worker.url}/metrics`]) {
    const answer = await fetch(url, { headers: { authorization } });
    expect(answer.status, url).toBe(200);
    for (const [, name = ""] of (await answer.text()).matchAll(/^# TYPE (\S+) /gm)) served.set(name, new Set());
  }
});
afterAll(async () => {
  for (const app of [api, worker]) app?.kill("SIGKILL");
  await Promise.all([api, worker].map((app) => app?.exited));
  await env?.close();
});

const defined: Record<string, { on: string; definition: MetricDefinitions[string] }> = {};
for (const [on, definitions] of Object.entries({
  "API, worker": processMetrics,
  API: apiMetrics,
  worker: workerMetrics,
})) {
  for (const [name, definition] of Object.entries(definitions as MetricDefinitions)) defined[name] = { on, definition };
}

/** The metric a series belongs to: histograms have several. */
const metricOf = (series: string) => (series in defined ? series : series.replace(/_(bucket|sum|count)$/, ""));
const namesIn = (text: string) => [
  ...new Set([...text.matchAll(/\bpunctual_[a-z0-9_]+/g)].map(([name]) => metricOf(name))),
];

test("the processes serve what is defined, and nothing else", () => {
  expect([...served.keys()].toSorted()).toEqual(Object.keys(defined).toSorted());
});

test("the table in docs/metrics.md is the definitions' own", () => {
  const rows = Object.entries(defined).map(
    ([
      name,
      {
        on,
        definition: { kind, labels = [], help },
      },
    ]) => {
      const shown = labels.map((label) => `\`${label}\``).join(" ");
      return `| \`${name}\` | ${on} | ${kind} | ${shown} | ${help} |`;
    },
  );
  const written = read("docs/metrics.md")
    .split("\n")
    .filter((line) => line.startsWith("| `punctual_"));
  expect(written).toEqual(rows);
});

test("docs/metrics.md lists every reason", () => {
  const written = [...read("docs/metrics.md").matchAll(/^\| `([a-z_]+)` \| (down|degraded|notice) \|/gm)];
  expect(written.map(([, code, severity]) => [code, severity])).toEqual(Object.entries(reasonCodes));
});

test("names and labels are few, and say their unit", () => {
  for (const [name, { definition }] of Object.entries(defined)) {
    expect(name).toMatch(/^punctual_[a-z_]+$/);
    expect(definition.labels?.length ?? 0, name).toBeLessThanOrEqual(3);
    if (definition.kind === "counter") expect(name).toMatch(/_total$/);
    if (definition.kind === "histogram") expect(name).toMatch(/_seconds$/);
  }
  expect(Object.keys(defined).length).toBeLessThan(40);
});

describe.each([rules, ruleTests, dashboard])("%s", (file) => {
  test("names only metrics that are served, with labels they have", () => {
    const text = read(file);
    expect(namesIn(text).length).toBeGreaterThan(5);
    expect(namesIn(text).filter((name) => !served.has(name))).toEqual([]);
    for (const [, series = "", selector = ""] of text.matchAll(/\b(punctual_[a-z0-9_]+)\{([^}]*)\}/g)) {
      const labels = [...selector.matchAll(/(\w+)(?:=~|!~|!=|=)/g)].map(([, label]) => label);
      const known = [...(defined[metricOf(series)]?.definition.labels ?? []), "instance", "job", "le"];
      expect(
        labels.filter((label) => !known.includes(label ?? "")),
        series,
      ).toEqual([]);
    }
  });
});

test("the dashboard shows every kind of figure there is, or says why not", () => {
  const shown = new Set(namesIn(read(dashboard)));
  const told = new Set([
    "punctual_worker_info",
    "punctual_process_start_time_seconds",
    "punctual_postgres_up",
    "punctual_redis_up",
    "punctual_jobs_taken_total",
    "punctual_probe_age_seconds",
    "punctual_service_idle_seconds",
    "punctual_posts_overdue",
  ]);
  expect(Object.keys(defined).filter((name) => !shown.has(name) && !told.has(name))).toEqual([]);
});

const promtool = findPromtool();

describe.skipIf(promtool === null)("promtool", () => {
  const run = (...args: string[]) => execFileSync(promtool ?? "", args, { cwd: root, encoding: "utf8", stdio: "pipe" });

  test("accepts the alert rules, and their tests pass", () => {
    expect(run("check", "rules", rules)).toMatch(/SUCCESS: \d+ rules found/);
    expect(run("test", "rules", ruleTests)).toMatch(/SUCCESS/);
  });

  test("accepts what the processes serve", async () => {
    const answer = await fetch(`${worker.url}/metrics`);
    const input = await answer.text();
    expect(() =>
      execFileSync(promtool ?? "", ["check", "metrics"], { input, stdio: ["pipe", "pipe", "pipe"] }),
    ).not.toThrow();
  });
});
