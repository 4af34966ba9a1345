/** An API and a worker with nothing to do: what watching costs. */
import { setTimeout as pause } from "node:timers/promises";
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
          const { statements, seconds } = await countStatements(stage, own, () => pause(durationMs));
          const perSecond = statements.map(({ query, calls }) => `${(calls / seconds).toFixed(2)}  ${query}`);
          stage.remember("SQL statements a second of an idle installation", perSecond);
          const figures = {
            statementsPerSecond: statements.reduce((sum, { calls }) => sum + calls, 0) / seconds,
            ...memory("apiMb", api.pid),
            ...memory("workerMb", workers[0]?.pid),
          };
          const cpuMsAfter = cpuMsOf(pids);
          if (cpuMs === null || cpuMsAfter === null) return figures;
          return { ...figures, cpuPercent: (cpuMsAfter - cpuMs) / seconds / 10 };
        },
      ),
  },
  { repetitionsMax: 2 },
);

function memory(name: string, pid: number | undefined): Record<string, number> {
  const bytes = pid === undefined ? null : residentBytesOf(pid);
  return bytes === null ? {} : { [name]: bytes / megabyte };
}
