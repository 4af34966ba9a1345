/**
 * What posts cost in statements and commands, to schedule them and to publish them, as the servers count it. What the
 * processes ask for anyway is measured first, and taken off.
 */
import { setTimeout as pause } from "node:timers/promises";
import { until } from "@punctual/testing";
import { countCommands, type CommandCounts } from "./command-counts.ts";
import type { Installation } from "./installation.ts";
import type { LoadReport } from "./load.ts";
import { runRound, warmUp, type Publishing } from "./publishing.ts";
import type { Stage } from "./stage.ts";
import { countStatements, type StatementCount } from "./statement-counts.ts";

export interface Observation {
  seconds: number;
  statements: readonly StatementCount[];
  commands: CommandCounts;
}

export interface Costs<Found> {
  scheduling: Found;
  publishing: Found;
}

const queueTimeoutMs = 60_000;

/** @param side whose statements are counted; so many posts as `sizes.costs` says */
export async function costsOfPunctual(stage: Stage, side: Publishing & Installation): Promise<Costs<Observation>> {
  const watch = (work: () => Promise<unknown>) => observe(stage, side, work);
  await warmUp(stage, side);
  const usual = await watch(() => pause(stage.sizes.costs.watchMs));
  const scheduling = without(usual, await watch(() => scheduleSingly(stage, side)));
  let publishing = usual;
  await publish(stage, side, async (goOut) => {
    publishing = without(usual, await watch(goOut));
  });
  return { scheduling, publishing };
}

export async function costsOfBare(stage: Stage, side: Publishing): Promise<Costs<CommandCounts>> {
  const { posts } = stage.sizes.costs;
  await warmUp(stage, side);
  const dueAtMs = Array.from({ length: posts }, () => Date.now() + 86_400_000);
  const scheduling = await countCommands(stage, () => side.schedule(dueAtMs));
  let publishing: CommandCounts = {};
  await publish(stage, side, async (goOut) => {
    publishing = await countCommands(stage, goOut);
  });
  return { scheduling, publishing };
}

async function scheduleSingly(stage: Stage, { url, tenant, delayed }: Installation): Promise<void> {
  const { connections } = stage.sizes.scheduling;
  const { posts } = stage.sizes.costs;
  const { apiKey, socialAccountId } = tenant;
  const before = await delayed();
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
  const all = async () => (await delayed()) >= before + posts;
  await until("Redis has all jobs", all, { timeoutMs: queueTimeoutMs });
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
  const usually = new Map(usual.statements.map(({ id, calls }) => [id, calls * share]));
  return {
    seconds,
    statements: statements
      .map((statement) => ({ ...statement, calls: Math.max(0, statement.calls - (usually.get(statement.id) ?? 0)) }))
      .filter(({ calls }) => calls > 0),
    commands: Object.fromEntries(
      Object.entries(commands).map(([name, calls]) => [name, Math.max(0, calls - (usual.commands[name] ?? 0) * share)]),
    ),
  };
}
