/**
 * What one post costs in statements and commands: they weigh the same on any machine, however busy. What the processes
 * ask for anyway is measured first, and taken off.
 */
import { setTimeout as pause } from "node:timers/promises";
import { until } from "@punctual/testing";
import { countCommands, type CommandCounts } from "../command-counts.ts";
import type { Installation } from "../installation.ts";
import type { LoadReport } from "../load.ts";
import { during, measure } from "../measure.ts";
import { runRound, startBare, startPunctual, warmUp, type Publishing } from "../publishing.ts";
import type { Stage } from "../stage.ts";
import { countStatements, type StatementCount } from "../statement-counts.ts";

interface Observation {
  seconds: number;
  statements: readonly StatementCount[];
  commands: CommandCounts;
}

const queueTimeoutMs = 60_000;
/** Less per post than this is somebody else's. */
const tellingCount = 0.05;

export const costs = measure(
  "costs",
  {
    punctual: (stage) =>
      during(
        () => startPunctual(stage, { counted: true }),
        (side) => ofPunctual(stage, side),
      ),
    bare: (stage) =>
      during(
        () => startBare(stage),
        (side) => ofBare(stage, side),
      ),
  },
  { repetitionsMax: 1 },
);

async function ofPunctual(stage: Stage, side: Publishing & Installation) {
  const watch = (work: () => Promise<unknown>) => observe(stage, side, work);
  await warmUp(stage, side);
  const usual = await watch(() => pause(stage.sizes.costs.watchMs));
  const scheduling = without(usual, await watch(() => scheduleSingly(stage, side)));
  let publishing = usual;
  await publish(stage, side, async (goOut) => {
    publishing = without(usual, await watch(goOut));
  });
  tell(stage, "schedule", scheduling);
  tell(stage, "publish", publishing);
  return {
    scheduleStatements: perPost(stage, callsOf(scheduling.statements)),
    publishStatements: perPost(stage, callsOf(publishing.statements)),
    scheduleRedisCommands: perPost(stage, Object.values(scheduling.commands)),
    publishRedisCommands: perPost(stage, Object.values(publishing.commands)),
  };
}

async function ofBare(stage: Stage, side: Publishing) {
  const { posts } = stage.sizes.costs;
  await warmUp(stage, side);
  const dueAtMs = Array.from({ length: posts }, () => Date.now() + 86_400_000);
  const scheduling = await countCommands(stage, () => side.schedule(dueAtMs));
  let publishing: CommandCounts = {};
  await publish(stage, side, async (goOut) => {
    publishing = await countCommands(stage, goOut);
  });
  tellCommands(stage, "publish a job of bare BullMQ", publishing);
  return {
    scheduleRedisCommands: perPost(stage, Object.values(scheduling)),
    publishRedisCommands: perPost(stage, Object.values(publishing)),
  };
}

async function scheduleSingly(stage: Stage, { url, tenant, delayed }: Installation): Promise<void> {
  const { connections } = stage.sizes.scheduling;
  const { posts } = stage.sizes.costs;
  const { apiKey, socialAccountId } = tenant;
  await stage.load.ask<LoadReport>({
    kind: "schedule",
    url,
    apiKey,
    socialAccountId,
    connections,
    bulk: null,
    warmUp: { requests: 0 },
    measured: { requests: posts },
  });
  await until("Redis has all jobs", async () => (await delayed()) >= posts, { timeoutMs: queueTimeoutMs });
}

function publish(stage: Stage, side: Publishing, watch: (goOut: () => Promise<void>) => Promise<void>) {
  const count = stage.sizes.costs.posts;
  const instants = (fromMs: number) => Array.from({ length: count }, () => Math.ceil(fromMs));
  return runRound(stage, side, { delayMs: 0, count, instants, watch });
}

async function observe(stage: Stage, { own }: Installation, work: () => Promise<unknown>): Promise<Observation> {
  let commands: CommandCounts = {};
  const counted = await countStatements(stage, own, async () => {
    commands = await countCommands(stage, work);
  });
  return { ...counted, commands };
}

/** What would have been asked for in that time anyway is taken off. */
function without(usual: Observation, observed: Observation): Observation {
  const { seconds, statements, commands } = observed;
  const share = seconds / usual.seconds;
  const usually = new Map(usual.statements.map(({ query, calls }) => [query, calls * share]));
  return {
    seconds,
    statements: statements
      .map((statement) => ({ ...statement, calls: Math.max(0, statement.calls - (usually.get(statement.query) ?? 0)) }))
      .filter(({ calls }) => calls > 0),
    commands: Object.fromEntries(
      Object.entries(commands).map(([name, calls]) => [name, Math.max(0, calls - (usual.commands[name] ?? 0) * share)]),
    ),
  };
}

function callsOf(statements: readonly StatementCount[]): number[] {
  return statements.map(({ calls }) => calls);
}

function perPost(stage: Stage, counts: readonly number[]): number {
  return counts.reduce((sum, calls) => sum + calls, 0) / stage.sizes.costs.posts;
}

function tell(stage: Stage, what: string, { statements, commands }: Observation): void {
  const { posts } = stage.sizes.costs;
  const telling = statements.filter(({ calls }) => calls / posts >= tellingCount);
  stage.remember(
    `SQL statements to ${what} a post`,
    telling.map(({ query, calls, meanMs }) => `${(calls / posts).toFixed(2)}  ${meanMs.toFixed(3)} ms  ${query}`),
  );
  tellCommands(stage, `${what} a post`, commands);
}

function tellCommands(stage: Stage, what: string, commands: CommandCounts): void {
  const { posts } = stage.sizes.costs;
  const telling = Object.entries(commands)
    .filter(([, calls]) => calls / posts >= tellingCount)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, calls]) => `${name} ${(calls / posts).toFixed(2)}`);
  stage.remember(`Redis commands to ${what}`, [telling.join(", ")]);
}
