import { summarizeLateness } from "@punctual/core";
import {
  createTestEnvironment,
  insertTestPost,
  untilEventsAreVisible,
  type TestEnvironment,
  type TestTenant,
} from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addUpStatistics, readDayFigures, readStatistics, type MinuteStatistic } from "./minute-statistics.ts";

let env: TestEnvironment;
let tenant: TestTenant;
let postId: string;

beforeAll(async () => {
  env = await createTestEnvironment();
  tenant = await env.createTenant();
  postId = await insertTestPost(env, tenant);
});
afterAll(() => env.close());

const write = (type: string, data: object = {}) =>
  env.sql("INSERT INTO events (company_id, post_id, type, data) VALUES ($1, $2, $3, $4)", [
    tenant.companyId,
    postId,
    type,
    JSON.stringify(data),
  ]);

async function everything(): Promise<MinuteStatistic[]> {
  await untilEventsAreVisible(env);
  while (await addUpStatistics(env.database, 7));
  const kinds = ["accepted", "published", "failed", "missed", "failure", "lateness"] as const;
  return readStatistics(env.database, { kinds, since: new Date(0) });
}

const sum = (statistics: readonly MinuteStatistic[], kind: string, label?: string) =>
  statistics
    .filter((entry) => entry.kind === kind && (label === undefined || entry.label === label))
    .reduce((total, { count }) => total + count, 0);

test("each event counts once, in its minute, however often and by how many it is added up", async () => {
  const failure = (category: string) => ({ failure: { category, code: "x", message: "y" } });
  for (let post = 0; post < 10; post += 1) await write("post.scheduled");
  await write("post.scheduled", { reason: "retry" });
  for (const latenessMs of [0, 3, 3, 90_000]) await write("post.published", { latenessMs });
  await write("post.published");
  await write("post.failed", failure("rejected"));
  await write("post.retrying", failure("network"));
  await write("post.retrying", failure("network"));
  await write("post.retrying", { reason: "retry" });
  await write("post.missed");
  await Promise.all(Array.from({ length: 8 }, () => addUpStatistics(env.database, 5)));
  const first = await everything();
  expect(["accepted", "published", "failed", "missed", "failure"].map((kind) => sum(first, kind))).toEqual([
    10, 5, 1, 1, 3,
  ]);
  expect(sum(first, "failure", "network")).toBe(2);
  const lateness = first.filter(({ kind }) => kind === "lateness");
  expect(
    summarizeLateness(lateness.map(({ label, count, maxMs }) => ({ bucket: Number(label), count, maxMs: maxMs ?? 0 }))),
  ).toEqual({
    count: 4,
    p50Ms: 3,
    p99Ms: 90_000,
    maxMs: 90_000,
  });

  await env.advanceClock(60_000);
  await write("post.published", { latenessMs: 7 });
  const later = await everything();
  expect(sum(later, "published")).toBe(6);
  expect(new Set(later.filter(({ kind }) => kind === "published").map(({ minute }) => minute.getTime())).size).toBe(2);
});

test("the day and the 24 hours are told apart", async () => {
  const [row] = await env.sql<{ toMidnight: number }>(
    `SELECT (extract(epoch FROM date_trunc('day', app_now() AT TIME ZONE 'UTC') + interval '1 day 1 minute'
              - app_now() AT TIME ZONE 'UTC') * 1000)::integer AS "toMidnight"`,
  );
  await env.advanceClock(row?.toMidnight ?? 0);
  await write("post.published", { latenessMs: 7 });
  await everything();
  expect(await readDayFigures(env.database)).toMatchObject({
    acceptedToday: 0,
    publishedToday: 1,
    published24h: 7,
    failures: [
      { platform: "webhook", category: "network", count: 2 },
      { platform: "webhook", category: "rejected", count: 1 },
    ],
  });
  await env.advanceClock(86_400_000);
  expect(await readDayFigures(env.database)).toMatchObject({ publishedToday: 0, published24h: 0, failures: [] });
});
