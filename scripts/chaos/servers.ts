/** Postgres and Redis of a run, which die and come back on the same port: Postgres with its data, Redis empty. */
import { randomBytes } from "node:crypto";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { migrate, openDatabase, type Database } from "@punctual/db";
import { connectRedis } from "@punctual/queue";
import { createLogger } from "@punctual/runtime";
import { isRunning, startPostgres, startRedis } from "@punctual/testing";

export interface Server {
  url: string;
  /** Ends it the hard way, and starts it again after a while. */
  crash(downMs: number): Promise<void>;
  /** The two halves of that. */
  end(): Promise<void>;
  startAgain(): Promise<void>;
  /** Stops it in the middle of whatever it does, and lets it go on after a while. */
  freeze(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export type Redis = ReturnType<typeof connectRedis>;

export interface Servers {
  postgres: Server;
  redis: Server;
  /** The harness' own view of both, past every proxy. */
  database: Database;
  redisClient: Redis;
  stop(): Promise<void>;
}

export async function startServers(directory: string): Promise<Servers> {
  const postgresPassword = randomBytes(18).toString("base64url");
  const redisPassword = randomBytes(18).toString("base64url");
  const [postgres, redis] = await Promise.all([
    crashing(
      (port) =>
        startPostgres({
          dataDirectory: path.join(directory, "postgres"),
          logFile: path.join(directory, "postgres.log"),
          port,
          password: postgresPassword,
          database: "punctual",
          settings: { max_connections: "200", max_wal_size: "512MB", shared_buffers: "64MB" },
          throwAway: true,
        }),
      // An immediate shutdown: no checkpoint, the log is replayed at the next start.
      "SIGQUIT",
    ),
    crashing(
      (port) =>
        startRedis({
          directory: path.join(directory, "redis"),
          logFile: path.join(directory, "redis.log"),
          port,
          password: redisPassword,
          databases: 1,
          persistent: false,
        }),
      "SIGKILL",
    ),
  ]);
  await migrate(postgres.url);
  const logger = createLogger("chaos", "silent");
  const database = openDatabase(
    { url: postgres.url, pooled: false, connectionsMax: 4, applicationName: "punctual-chaos" },
    { logger },
  );
  const redisClient = connectRedis(redis.url, "consumer", logger);
  return {
    postgres,
    redis,
    database,
    redisClient,
    async stop() {
      redisClient.disconnect();
      await database.close();
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
}

type LocalServer = Awaited<ReturnType<typeof startPostgres>>;

const startTriesMax = 10;
const running = new Set<LocalServer>();
// They outlive whoever started them; a run that is broken off must not leave them behind.
process.on("exit", () => {
  for (const { identity } of running) if (isRunning(identity)) process.kill(identity.pid, "SIGKILL");
});

async function crashing(start: (port: number) => Promise<LocalServer>, signal: NodeJS.Signals): Promise<Server> {
  let server = await start(0);
  running.add(server);
  const { port, url } = server;

  async function end(): Promise<void> {
    process.kill(server.identity.pid, signal);
    await server.exited;
    running.delete(server);
  }

  /** On a machine out of breath a start may time out; the run needs its server back all the same. */
  async function startAgain(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        server = await start(port);
        running.add(server);
        return;
      } catch (error) {
        if (tries >= startTriesMax) throw error;
      }
    }
  }

  return {
    url,
    end,
    startAgain,
    async crash(downMs) {
      await end();
      await pause(downMs);
      await startAgain();
    },
    async freeze(ms) {
      process.kill(server.identity.pid, "SIGSTOP");
      await pause(ms);
      process.kill(server.identity.pid, "SIGCONT");
    },
    async stop() {
      await server.stop();
      running.delete(server);
    },
  };
}
