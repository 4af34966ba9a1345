/** How long an emptied Redis is without the jobs of all that waits. */
import { setTimeout as pause } from "node:timers/promises";
import { fillDatabase } from "../filling.ts";
import { startInstallation } from "../installation.ts";
import type { Measure } from "../measure.ts";
import { waitForJobs } from "../queued.ts";

/** The workers write down that all are there, and find nothing more to do. */
const restMs = 3_000;

export const lostRedis: Measure = {
  parts: ["lost-redis"],
  // Each is long enough to be told from chance.
  repetitionsMax: 2,
  async open(stage) {
    const {
      workers,
      lostRedis: { posts },
    } = stage.sizes;
    const prepared = await fillDatabase(stage, posts);
    await stage.clear();
    const installation = await startInstallation(stage, { workers, prepared });
    const { delayed } = installation;
    /** From the blow until that many jobs are there. */
    async function lost(blow: () => Promise<unknown>): Promise<{ firstMs: number; allMs: number }> {
      await waitForJobs(delayed, posts);
      await pause(restMs);
      await blow();
      const firstMs = await waitForJobs(delayed, 1);
      return { firstMs, allMs: firstMs + (await waitForJobs(delayed, posts)) };
    }

    return {
      sides: {
        async punctual() {
          // What was made in Postgres has no jobs at first, which is a loss as well.
          const all = await lost(() => stage.redis.flushall());
          const set = await lost(() => stage.redis.del(installation.delayedKey));
          return { "lost-redis": { ...all, setFirstMs: set.firstMs, setAllMs: set.allMs } };
        },
      },
      async close() {
        await installation.stop();
        await prepared.own.drop();
      },
    };
  },
};
