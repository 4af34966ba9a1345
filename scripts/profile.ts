/**
 * `npm run profile`: where the time of scheduling and of publishing goes, and what a post weighs. Writes CPU profiles,
 * their flame graphs and every statement into a directory, and prints the tables of docs/where-the-time-goes.md and
 * docs/capacity.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { runMain, StartError } from "@punctual/runtime";
import { costsOfBare, costsOfPunctual } from "./bench/cost-of-a-post.ts";
import { describeMachine, formatMachine } from "./bench/machine.ts";
import { during } from "./bench/measure.ts";
import { redisMemory } from "./bench/measures/redis-memory.ts";
import { startBare, startPunctual } from "./bench/publishing.ts";
import { fullSizes, quickSizes } from "./bench/sizes.ts";
import { setStage, type Stage } from "./bench/stage.ts";
import { makeScratchDirectory } from "./chaos/scratch-directory.ts";
import { capacityFor, type PostFigures } from "./profile/capacity.ts";
import { summarize, type CpuProfile } from "./profile/cpu-profile.ts";
import { drawFlameGraphs, viewCommand } from "./profile/flame-graph.ts";
import {
  capacityTable,
  commandTable,
  processorTable,
  shareTable,
  statementTable,
  weightTable,
} from "./profile/markdown.ts";
import { profilePublishing, profileScheduling, type ProfiledPath } from "./profile/paths.ts";
import { weighPosts } from "./profile/weight.ts";

const usage = `npm run profile -- [options]
  --output DIR   where profiles, pictures and tables go (.data/profile)
  --quick        small sizes: shows that everything works`;

const root = new URL("../", import.meta.url);
const postsWeighed = { full: 6_000, quick: 200 };
const days = [1e6, 1e7, 1e8];

await runMain(async () => {
  const { output, quick, help } = readOptions(process.argv.slice(2));
  if (help) return console.log(usage);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
  const directory = path.resolve(output);
  mkdirSync(directory, { recursive: true });
  const started = performance.now();
  const say = (line: string) =>
    console.error(`${((performance.now() - started) / 1_000).toFixed(1).padStart(7)} s  ${line}`);

  const scratch = makeScratchDirectory("profile");
  try {
    const sizes = quick ? quickSizes : fullSizes;
    const report = await during(
      () => setStage(sizes, scratch.path),
      async (stage) => {
        const machine = formatMachine(await describeMachine(stage));
        const { text, graphs } = await findOut(stage, { directory, quick, say });
        say("drawing flame graphs");
        const missing = await drawFlameGraphs(graphs, path.join(scratch.path, "speedscope"));
        const pictures =
          missing === null ? graphs.map(({ picture }) => picture).join(", ") : `no flame graphs: ${missing}`;
        const closing = `Profiles: ${directory}; ${pictures}. To move around in one: ${viewCommand} FILE`;
        return { text: `${machine}\n\n${text}\n`, closing };
      },
    );
    writeFileSync(path.join(directory, "tables.md"), report.text);
    console.log(report.text);
    console.log(report.closing);
    if (quick) console.log("A quick run only shows that everything works: its figures mean nothing.");
  } finally {
    scratch.remove();
  }
});

interface Asked {
  directory: string;
  quick: boolean;
  say: (line: string) => void;
}

async function findOut(stage: Stage, { directory, quick, say }: Asked) {
  const { posts } = stage.sizes.costs;
  await stage.clear();
  say("scheduling");
  const scheduling = await profileScheduling(stage, directory);
  await stage.clear();
  say("publishing");
  const publishing = await profilePublishing(stage, directory);
  await stage.clear();
  say("statements and commands");
  const ours = await during(
    () => startPunctual(stage, { counted: true }),
    (side) => costsOfPunctual(stage, side),
  );
  writeFileSync(path.join(directory, "statements.json"), `${JSON.stringify(ours, null, 2)}\n`);
  await stage.clear();
  const bare = await during(
    () => startBare(stage),
    (side) => costsOfBare(stage, side),
  );
  await stage.clear();
  say("weights");
  const tables = await weighPosts(stage, quick ? postsWeighed.quick : postsWeighed.full);
  await stage.clear();
  const redisBytes = await weighJobs(stage);

  const times = { "to schedule it": scheduling.processorTime, "to publish it": publishing.processorTime };
  const sections = [
    processorTable(times),
    ...sharesOf("scheduling: where the API's time goes", scheduling),
    statementTable("statements to schedule a post", ours.scheduling.statements, posts),
    commandTable("Redis commands to schedule a post", ours.scheduling.commands, bare.scheduling, posts),
    ...sharesOf("publishing: where a worker's time goes", publishing),
    statementTable("statements to publish a post", ours.publishing.statements, posts),
    commandTable("Redis commands to publish a post", ours.publishing.commands, bare.publishing, posts),
    ...capacitySections({ redisBytes, tables, ...millisecondsOf(scheduling, publishing) }),
  ];
  const graph = (title: string, { profile }: ProfiledPath) => {
    return { title, profile, picture: profile.replace(/\.cpuprofile$/, ".png") };
  };
  const graphs = [graph("API, scheduling", scheduling), graph("worker, publishing", publishing)];
  return { text: sections.join("\n\n"), graphs };
}

function sharesOf(heading: string, { profile }: ProfiledPath): string[] {
  const summary = summarize(JSON.parse(readFileSync(profile, "utf8")) as CpuProfile, root.href);
  return [shareTable(heading, summary.byOwner), shareTable(`${heading}, by function`, summary.byFunction)];
}

async function weighJobs(stage: Stage): Promise<number> {
  const { sides, close } = await redisMemory.open(stage, redisMemory.parts);
  try {
    const bytes = (await sides["punctual"]?.())?.["redis-memory"]?.["bytesEach"];
    if (bytes === undefined) throw new Error("a job was not weighed");
    return bytes;
  } finally {
    await close();
  }
}

/** What the model counts with; null where the system does not tell processor times. */
function millisecondsOf(scheduling: ProfiledPath, publishing: ProfiledPath) {
  const [schedule, publish] = [scheduling.processorTime, publishing.processorTime];
  if (schedule === null || publish === null) return { scheduleMs: null, publishMs: null };
  return {
    scheduleMs: { api: schedule.API, postgres: schedule.Postgres, redis: schedule.Redis },
    publishMs: { worker: publish.workers, postgres: publish.Postgres, redis: publish.Redis },
  };
}

function capacitySections(found: {
  redisBytes: number;
  tables: PostFigures["tables"];
  scheduleMs: PostFigures["scheduleMs"] | null;
  publishMs: PostFigures["publishMs"] | null;
}): string[] {
  const { scheduleMs, publishMs } = found;
  if (scheduleMs === null || publishMs === null) return ["No model: this system does not tell processor times."];
  const figures: PostFigures = { ...found, scheduleMs, publishMs };
  return [weightTable(figures), capacityTable(days.map((postsPerDay) => capacityFor(postsPerDay, figures)))];
}

function readOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        output: { type: "string", default: ".data/profile" },
        quick: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${usage}`);
  }
}
