/** An API and a worker with nothing to do: what watching costs in processor time, statements and Redis commands. */
import { setTimeout as pause } from "node:timers/promises";
import { countCommands, type CommandCounts } from "../command-counts.ts";
import { startInstallation } from "../installation.ts";
import { cpuMsOf, residentBytesOf } from "../cpu-time.ts";
import { during, measure } from "../measure.ts";
import { countStatements } from "../statement-counts.ts";

const megabyte = 1_000_000;

export const idle = measure(
  "idle",
  {
    punctual: (stage) =>
      during(
        () => startInstallation(stage, { workers: 1, counted: true }),
        async ({ api, workers, own }) => {
          const { settleMs, durationMs } = stage.sizes.idle;
          const pids = [api, ...workers].map(({ pid }) => pid);
          await pause(settleMs);
          const cpuMs = cpuMsOf(pids);
          let commands: CommandCounts = {};
          const { statements, seconds } = await countStatements(stage, own, async () => {
            commands = await countCommands(stage, () => pause(durationMs));
          });
          const cpuMsAfter = cpuMsOf(pids);
          const perSecond = statements.map(({ query, calls }) => `${(calls / seconds).toFixed(2)}  ${query}`);
          stage.remember("SQL statements a second of an idle installation", perSecond);
          stage.remember("Redis commands a second of an idle installation", [inOrder(commands, seconds)]);
          const figures = {
            statementsPerSecond: statements.reduce((sum, { calls }) => sum + calls, 0) / seconds,
            commandsPerSecond: Object.values(commands).reduce((sum, calls) => sum + calls, 0) / seconds,
            ...memory("apiMb", api.pid),
            ...memory("workerMb", workers[0]?.pid),
          };
          if (cpuMs === null || cpuMsAfter === null) return figures;
          return { ...figures, cpuPercent: (cpuMsAfter - cpuMs) / seconds / 10 };
        },
      ),
  },
  { repetitionsMax: 2 },
);

function inOrder(commands: CommandCounts, seconds: number): string {
  const sorted = Object.entries(commands).toSorted(([, a], [, b]) => b - a);
  return sorted.map(([name, calls]) => `${name} ${(calls / seconds).toFixed(2)}`).join(", ");
}

function memory(name: string, pid: number | undefined): Record<string, number> {
  const bytes = pid === undefined ? null : residentBytesOf(pid);
  return bytes === null ? {} : { [name]: bytes / megabyte };
}
