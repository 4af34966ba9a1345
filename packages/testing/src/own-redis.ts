/** A Redis that belongs to one test alone, to be killed, frozen and emptied. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startRedis } from "./redis-server.ts";
import type { LocalServer } from "./server-process.ts";

export interface OwnRedis {
  /** The same before and after a restart. */
  url: string;
  /** Ends it as a crash does. What it held is gone. */
  kill(): Promise<void>;
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>;
  /** It keeps its connections and answers nothing. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export async function startOwnRedis(): Promise<OwnRedis> {
  const directory = mkdtempSync(path.join(tmpdir(), "punctual-redis-"));
  const start = (port: number) =>
    startRedis({
      directory,
      logFile: path.join(directory, "redis.log"),
      port,
      password: "own",
      databases: 1,
      persistent: false,
    });
  let server: LocalServer = await start(0);
  const signal = (name: NodeJS.Signals) => process.kill(server.identity.pid, name);
  return {
    url: server.url,
    async kill() {
      signal("SIGKILL");
      await server.exited;
    },
    async restart() {
      server = await start(server.port);
    },
    freeze: () => void signal("SIGSTOP"),
    thaw: () => void signal("SIGCONT"),
    async close() {
      try {
        // A frozen one would not hear that it is to stop.
        signal("SIGCONT");
      } catch {
        // Killed before.
      }
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
