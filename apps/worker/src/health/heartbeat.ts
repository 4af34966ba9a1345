/**
 * A worker's signs of life in Postgres: who it is, what it works on, whether its queues bring jobs and its services do
 * their rounds. From them the API tells whether posts go out; when they stop, the worker counts as dead.
 */
import { hostname } from "node:os";
import { forgetWorker, recordHeartbeat, workerTimes, type Database } from "@punctual/db";
import type { JobConsumer } from "@punctual/queue";
import { withinMs, type Logger, type Service } from "@punctual/runtime";
import type { Pulse } from "../maintenance/pulse.ts";
import { createSweeper } from "../maintenance/sweeper.ts";

export interface HeartbeatOptions {
  /** Names this process, as in attempts and leases. */
  id: string;
  version: string;
  platforms: readonly string[];
  concurrency: number;
}

/** A queue it takes from. */
export interface WatchedLane {
  queue: string;
  consumer: Pick<JobConsumer, "running" | "taken" | "probeAgeMs">;
  /** Whether what runs there are posts. */
  ofPosts: boolean;
}

export interface HeartbeatDeps {
  database: Database;
  lanes: readonly WatchedLane[];
  pulse: Pulse;
  logger: Logger;
}

export interface HeartbeatService extends Service {
  /** From now on it says that it takes nothing more. */
  announceStop(): void;
}

const farewellTimeoutMs = 1_000;

export function createHeartbeat(options: HeartbeatOptions, deps: HeartbeatDeps): HeartbeatService {
  const { database, lanes, pulse, logger } = deps;
  const { id } = options;
  let stopping = false;
  let announced: Promise<void> = Promise.resolve();

  async function beat(): Promise<void> {
    const running = lanes.reduce((sum, { ofPosts, consumer }) => sum + (ofPosts ? consumer.running() : 0), 0);
    await recordHeartbeat(database, {
      ...options,
      host: hostname(),
      running,
      stopping,
      lanes: lanes.map(({ queue, consumer }) => ({
        queue,
        running: consumer.running(),
        taken: consumer.taken(),
        probeAgeMs: consumer.probeAgeMs(),
      })),
      services: pulse.services(),
      upMs: performance.now(),
    });
  }

  const sweeper = createSweeper(
    { name: "heartbeat", intervalMs: workerTimes.heartbeatMs },
    {
      logger,
      async sweep() {
        await beat();
        return false;
      },
    },
  );

  return {
    start: () => sweeper.start(),
    announceStop() {
      stopping = true;
      announced = beat().catch((error: unknown) => logger.debug({ err: error }, "the end of work was not announced"));
    },
    async stop() {
      await sweeper.stop();
      // An announcement that is still on its way would bring the worker back into the table.
      const forgotten = announced
        .then(() => forgetWorker(database, id))
        .catch((error: unknown) => logger.debug({ err: error }, "nobody was told of the stop"));
      await withinMs(farewellTimeoutMs, forgotten, undefined);
    },
  };
}
