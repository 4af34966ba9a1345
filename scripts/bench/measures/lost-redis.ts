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
  async open(stage) {
    const {
      workers,
      lostRedis: { posts },
    } = stage.sizes;
    const prepared = await fillDatabase(stage, posts);
    await stage.clear();
    const installation = await startInstallation(stage, { workers, prepared });
    const { delayed } = installation;
    return {
      sides: {
        async punctual() {
          // What was made in Postgres has no jobs yet, which is a loss as well.
          await waitForJobs(delayed, posts);
          await pause(restMs);
          await stage.redis.flushall();
          const firstMs = await waitForJobs(delayed, 1);
          const allMs = firstMs + (await waitForJobs(delayed, posts));
          return { "lost-redis": { firstMs, allMs } };
        },
      },
      async close() {
        await installation.stop();
        await prepared.own.drop();
      },
    };
  },
};
