/**
 * What a waiting post costs in Redis, beside a bare job with an id, options and data as long. Everything an installation
 * keeps there beside the jobs counts as theirs. With a horizon posts as far away as these have no job.
 */
import { startInstallation, type InstallationOptions } from "../installation.ts";
import { during, measure } from "../measure.ts";
import { startBareHelper } from "../publishing.ts";
import type { Stage } from "../stage.ts";

const farAwayMs = 86_400_000;
const firstPosts = 10;
const spreadMs = 30 * 86_400_000;

export const redisMemory = measure(
  "redis-memory",
  {
    punctual: (stage) => grown(stage, { workers: 0 }),
    horizon: (stage) => grown(stage, { workers: 0, horizonHours: 1 }),
    bare: (stage) =>
      during(
        () => startBareHelper(stage),
        (bare) => grow(stage, (count) => bare.ask({ kind: "addAlike", count })),
      ),
  },
  // It is the same every time.
  { repetitionsMax: 1 },
);

function grown(stage: Stage, options: InstallationOptions) {
  return during(
    () => startInstallation(stage, options),
    async ({ schedule }) => {
      const instants = (count: number) =>
        Array.from({ length: count }, () => Date.now() + farAwayMs + Math.floor(Math.random() * spreadMs));
      return grow(stage, (count) => schedule(instants(count)));
    },
  );
}

async function grow(stage: Stage, add: (count: number) => Promise<unknown>) {
  const { posts } = stage.sizes.redisMemory;
  // What comes with the first job and only with it: scripts, and what there is one of for a queue.
  await add(firstPosts);
  const empty = await usedBytes(stage);
  await add(posts);
  const some = await usedBytes(stage);
  await add(3 * posts);
  const many = await usedBytes(stage);
  return { bytesEach: (some - empty) / posts, bytesEachOfMany: (many - empty) / (4 * posts) };
}

/** Without what the connections hold, which differ in number. */
async function usedBytes({ redis }: Stage): Promise<number> {
  const memory = await redis.info("memory");
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(memory)?.[1]);
  return field("used_memory") - field("mem_clients_normal");
}
