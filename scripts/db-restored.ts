/**
 * `npm run db:restored -- --since <instant>`: after a backup was restored into the database at DATABASE_URL, and before
 * workers start. The instant is when the backup was made, or earlier. Posts that were due since then may be out
 * already: they are sent again only where a repeat is harmless, else looked up, and decided by a person. It may be
 * repeated.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import {
  databaseFaults,
  listDoubtfulPosts,
  listWorkers,
  openDatabase,
  recordDoubt,
  settleRestoredState,
  workerTimes,
  type Database,
} from "@punctual/db";
import { createPlatforms } from "@punctual/platforms";
import { createLogger, readConfig, runMain, StartError } from "@punctual/runtime";
import { loadEnvFile } from "./env-file.ts";

const batchSizeMax = 500;
const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

await runMain(async () => {
  loadEnvFile(path.dirname(import.meta.dirname));
  const { values } = parseArgs({ options: { since: { type: "string" } } });
  const since = readSince(values.since);
  const config = readConfig(["DATABASE_URL", "DATABASE_POOLED"]);
  const database = openDatabase(
    {
      url: config.DATABASE_URL,
      pooled: config.DATABASE_POOLED,
      connectionsMax: 2,
      applicationName: "punctual-restored",
    },
    { logger: createLogger("restored", "silent") },
  );
  const platforms = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
  try {
    const faults = await databaseFaults(database).catch((error: unknown) => {
      throw new StartError("Postgres does not answer at DATABASE_URL.", { cause: error });
    });
    if (faults.length > 0) throw new StartError(faults.join("\n"));
    await refuseWhileWorking(database);
    const posts = await settlePosts(database, since, (post) => {
      // A platform this version does not know promises nothing.
      return platforms.byName.get(post.platform)?.guarantee(post, post.now) === "idempotent";
    });
    const { lookedUpAgain, eventsRenumbered } = await settleRestoredState(database);
    console.log(`Posts that may be out already: ${posts.repeated + posts.unconfirmed}.`);
    console.log(`  sent again, since a repeat is harmless there: ${posts.repeated}`);
    console.log(`  unconfirmed, looked up where the platform can be read: ${posts.unconfirmed}`);
    console.log(`Lost answers of before, looked up anew: ${lookedUpAgain - posts.unconfirmed}.`);
    if (eventsRenumbered) console.log("The log of events was numbered anew; clients are told to begin anew (410).");
    console.log("Now start the API and the workers.");
  } finally {
    await database.close();
  }
});

function readSince(text: string | undefined): Date {
  const usage = "Say when the backup was made: `npm run db:restored -- --since 2027-03-01T02:00:00Z`.";
  if (text === undefined || !instantPattern.test(text) || Number.isNaN(Date.parse(text))) throw new StartError(usage);
  const since = new Date(text);
  if (since.getTime() > Date.now()) throw new StartError(`${text} is in the future. ${usage}`);
  return since;
}

/** Workers would send what is not settled yet. */
async function refuseWhileWorking(database: Database): Promise<void> {
  const [worker] = await listWorkers(database, workerTimes.silenceMaxMs);
  if (worker === undefined) return;
  throw new StartError(`The worker ${worker.id} was heard of a moment ago: stop all workers first, then wait 15 s.`);
}

async function settlePosts(
  database: Database,
  since: Date,
  isHarmless: (post: Awaited<ReturnType<typeof listDoubtfulPosts>>[number]) => boolean,
): Promise<{ repeated: number; unconfirmed: number }> {
  const settled = { repeated: 0, unconfirmed: 0 };
  for (let afterId: string | null = null; ;) {
    const posts = await listDoubtfulPosts(database, { since, afterId, limit: batchSizeMax });
    for (const post of posts) {
      const repeat = isHarmless(post);
      if (!(await recordDoubt(database, { id: post.id, sentFrom: post.sentFrom, repeat }))) continue;
      if (repeat) settled.repeated += 1;
      else settled.unconfirmed += 1;
    }
    afterId = posts.at(-1)?.id ?? null;
    if (posts.length < batchSizeMax) return settled;
  }
}
