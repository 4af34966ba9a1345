/** Who used the processors while posts were scheduled or published, for each post. */
import { cpuMsOf, cpuMsOfTree } from "../bench/cpu-time.ts";
import type { Installation } from "../bench/installation.ts";
import type { Stage } from "../bench/stage.ts";

/** In milliseconds of one processor for each post. Null where there is no /proc. */
export type ProcessorTime = Readonly<Record<Part, number>> | null;

export type Part = (typeof parts)[number];
export const parts = ["API", "workers", "Postgres", "Redis", "load", "receiver"] as const;

/** @returns what it came to since this call, for each of so many posts */
export function watchProcessors(stage: Stage, installation: Installation): (posts: number) => ProcessorTime {
  const before = read(stage, installation);
  return (posts) => {
    const after = read(stage, installation);
    if (before === null || after === null) return null;
    return Object.fromEntries(parts.map((part) => [part, (after[part] - before[part]) / posts])) as Record<
      Part,
      number
    >;
  };
}

function read(stage: Stage, { api, workers }: Installation): Record<Part, number> | null {
  const postgres = cpuMsOfTree(stage.postgresPid);
  if (postgres === null) return null;
  const of = (...pids: number[]) => cpuMsOf(pids) ?? 0;
  return {
    API: of(api.pid),
    workers: of(...workers.map(({ pid }) => pid)),
    Postgres: postgres,
    Redis: of(stage.redisPid),
    load: of(stage.load.pid),
    receiver: of(stage.receiver.pid),
  };
}
