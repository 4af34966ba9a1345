/**
 * How cheap the operators' figures stay: fills a throw-away Postgres with waiting, ended and failed posts and measures
 * what a reading of the overview, a search and a preview of a redrive cost. Run by hand:
 * `node scripts/measure-operations.ts [waiting posts]`, default a million.
 */
import { randomUUID } from "node:crypto";
import {
  addUpPostCounts,
  openDatabase,
  previewRedrive,
  readDayFigures,
  readInstallationFigures,
  readPostCounts,
  readStatistics,
  readStepStatistics,
  searchPosts,
  type OperatorPostFilter,
} from "@punctual/db";
import { createLogger } from "@punctual/runtime";
import { startTestServers } from "../packages/testing/src/test-servers.ts";

const waiting = Number(process.argv[2] ?? 1_000_000);
const accounts = 600;
const platforms = ["webhook", "facebook", "instagram", "linkedin", "mastodon", "bluesky"];
const rounds = 7;
const rowsPerStatement = 20_000;

const { servers, stop } = await startTestServers();
const url = new URL(servers.postgresUrl);
url.pathname = `/${servers.templateDatabase}`;
const logger = createLogger("measure", "silent");
const database = openDatabase(
  { url: url.href, pooled: true, connectionsMax: 1, applicationName: "measure" },
  { logger },
);

try {
  await fill();
  const anyPost: OperatorPostFilter = {
    q: null,
    companyId: null,
    clientId: null,
    socialAccountId: null,
    statuses: null,
    platform: null,
    categories: null,
    from: null,
    to: null,
  };
  const search = (filter: Partial<OperatorPostFilter>) => () =>
    searchPosts(database, { filter: { ...anyPost, ...filter }, limit: 51, beforeId: null });
  const [some] = await searchPosts(database, { filter: anyPost, limit: 1, beforeId: null });
  const hourAgo = new Date(Date.now() - 3_600_000);
  await measure("posts by state and platform", () => readPostCounts(database));
  await measure("due, overdue, limited, failed, last error", () =>
    readInstallationFigures(database, { horizonMs: null }),
  );
  await measure("the day and 24 hours", () => readDayFigures(database));
  await measure("15 minutes of lateness", () =>
    readStatistics(database, { kinds: ["lateness", "published", "failure"], since: new Date(Date.now() - 900_000) }),
  );
  await measure("24 hours of the chart", () =>
    readStepStatistics(database, {
      kinds: ["published", "failed", "missed", "lateness"],
      since: new Date(Date.now() - 86_400_000),
      stepSeconds: 240,
    }),
  );
  await measure("newest posts", search({}));
  await measure("a post by its id", search({ q: some?.id ?? randomUUID() }));
  await measure("a post by a platform's id nobody has", search({ q: "nobody's" }));
  await measure("failed posts", search({ statuses: ["failed"] }));
  await measure("failed posts of a rare category", search({ statuses: ["failed"], categories: ["permission"] }));
  await measure("unconfirmed posts", search({ statuses: ["unconfirmed"] }));
  await measure(
    "posts of a platform scheduled in the last hour",
    search({ platform: "bluesky", from: hourAgo, to: new Date() }),
  );
  await measure("posts of any state of a rare category", search({ categories: ["permission"] }));
  await measure("preview of a redrive", () =>
    previewRedrive(database, { ...anyPost, statuses: ["failed", "missed"], categories: ["auth"] }),
  );
} finally {
  await database.close();
  await stop();
}

async function measure(what: string, work: () => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const [middle = 0, slowest = 0] = [sorted[Math.floor(rounds / 2)], sorted.at(-1)];
  console.log(`${what.padEnd(52)} ${middle.toFixed(1).padStart(8)} ms   ${slowest.toFixed(1).padStart(8)} ms at most`);
}

/** The waiting ones two seconds apart, a fifth as many published, a hundredth failed or missed, a day of statistics. */
async function fill(): Promise<void> {
  const { prisma } = database;
  const started = performance.now();
  const companyId = randomUUID();
  await prisma.$executeRaw`INSERT INTO companies (id, name) VALUES (${companyId}::uuid, 'Measured')`;
  await prisma.$executeRaw`
    INSERT INTO social_accounts (id, company_id, platform, name, settings, credentials)
    SELECT gen_random_uuid(), ${companyId}::uuid, (${platforms}::text[])[1 + i % 6], 'Account ' || i, '{}', 'x'
    FROM generate_series(1, ${accounts}::int) AS i`;
  const insert = async (count: number, status: string, due: string, columns = "", values = "") => {
    for (let made = 0; made < count; made += rowsPerStatement) {
      await prisma.$executeRawUnsafe(
        `INSERT INTO posts (id, company_id, social_account_id, platform, content, scheduled_at, grace_minutes, when_late, late_at,
                            status, accepted_at, max_attempts, next_attempt_at, created_at, updated_at, enqueued_rev ${columns})
         SELECT uuidv7(), a.company_id, a.id, a.platform, 'A post of usual length, two lines of text or so, and a link.',
                due, 2880, 'miss', due + interval '2 days', $1, app_now(), 5, due, app_now(), app_now(), 1 ${values}
         FROM generate_series($2::int + 1, $3::int) AS i
         JOIN (SELECT row_number() OVER () - 1 AS n, * FROM social_accounts) AS a ON a.n = i % ${accounts},
         LATERAL (SELECT app_now() + ${due} AS due) AS instant`,
        status,
        made,
        Math.min(made + rowsPerStatement, count),
      );
    }
  };
  await insert(waiting, "scheduled", "i * interval '2 seconds'");
  await insert(
    Math.round(waiting / 5),
    "published",
    "-i * interval '2 seconds'",
    ", published_at, external_id",
    ", due, 'e' || i",
  );
  const failure = [
    ", failed_at, failure_category, failure_code, failure_message",
    ", due, (ARRAY['auth','platform','network'])[1 + i % 3], 'x', 'y'",
  ] as const;
  await insert(Math.round(waiting / 100), "failed", "-i * interval '20 seconds'", ...failure);
  await insert(Math.round(waiting / 200), "missed", "-i * interval '20 seconds' - interval '2 days'");
  await insert(500, "unconfirmed", "-i * interval '20 seconds'");
  await prisma.$executeRaw`
    INSERT INTO minute_statistics (kind, minute, platform, label, amount, max_ms)
    SELECT kind, date_trunc('minute', app_now()) - m * interval '1 minute', platform, label, 5, 10
    FROM generate_series(0, 1439) AS m, unnest(${platforms}::text[]) AS platform,
      (SELECT 'lateness', b::text FROM generate_series(1, 30) AS b UNION ALL SELECT unnest('{accepted,published,failed,missed}'::text[]), ''
       UNION ALL SELECT 'failure', unnest('{network,platform}'::text[])) AS k (kind, label)`;
  while ((await addUpPostCounts(database, 100_000)) > 0);
  for (const table of ["posts", "minute_statistics"]) await prisma.$executeRawUnsafe(`VACUUM ANALYZE ${table}`);
  console.log(`${waiting} waiting posts, filled in ${Math.round((performance.now() - started) / 1_000)} s`);
}
