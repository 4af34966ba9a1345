/**
 * One process under test: started with its own wires to everything it needs, started again when it dies, and
 * remembered in all its lives. Its log goes to a file, for whoever has to find out what happened.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { thriftyEnvironment, thriftyFlags } from "@punctual/runtime/thrift";
import type { Wires } from "./wires.ts";

export interface Actor {
  readonly name: string;
  readonly wires: Wires;
  /** Where it listens; null while it does not. */
  url(): string | null;
  /** Null while it is down. */
  pid(): number | null;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL. @returns the id of the life that ended; null if it was down already */
  kill(): number | null;
  /** SIGTERM, as at every deployment; resolves once that life is over. It must exit 0 within its grace period. */
  terminate(): Promise<void>;
  /** Ids of lives that were ended by `kill`. */
  readonly killed: ReadonlySet<number>;
  /** Lives that ended without being told to, in words: always a fault of the program. */
  readonly deaths: readonly string[];
  /** Resolves once it listens. */
  ready(): Promise<void>;
  /** SIGTERM, and SIGKILL after a while. */
  stop(): Promise<void>;
}

export interface ActorOptions {
  name: string;
  /** Below the repository, with its arguments. */
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  wires: Wires;
  logDirectory: string;
}

const repository = fileURLToPath(new URL("../..", import.meta.url));
const restartDelayMs = 200;
const stopTimeoutMs = 30_000;
const startTimeoutMs = 60_000;
const running = new Set<ChildProcess>();
// Also when the harness itself fails: nobody is left to continue a stopped process.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function startActor({ name, command, environment, wires, logDirectory }: ActorOptions): Actor {
  const log = createWriteStream(path.join(logDirectory, `${name}.log`), { flags: "a" });
  const killed = new Set<number>();
  const deaths: string[] = [];
  let child: ChildProcess | null = null;
  let url: string | null = null;
  let stopping = false;
  let ended: Promise<void> = Promise.resolve();
  const terminated = new Set<number>();

  function launch(): void {
    const life = spawn(process.execPath, [...thriftyFlags("worker"), ...command], {
      cwd: repository,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: {
        ...thriftyEnvironment,
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: path.join(logDirectory, "compile-cache"),
        ...environment,
      },
    });
    child = life;
    running.add(life);
    life.stderr?.pipe(log, { end: false });
    if (life.stdout !== null) {
      createInterface({ input: life.stdout }).on("line", (line) => {
        log.write(`${line}\n`);
        if (url === null && line.includes('"listening"')) url = (JSON.parse(line) as { url: string }).url;
      });
    }
    life.on("error", (error) => log.write(`${String(error)}\n`));
    ended = new Promise((resolve) => {
      life.once("exit", (code, signal) => {
        running.delete(life);
        child = null;
        url = null;
        resolve();
        if (stopping) return;
        const told = killed.has(life.pid ?? 0) || (code === 0 && terminated.has(life.pid ?? 0));
        if (!told) deaths.push(`${name} (pid ${life.pid}) ended by itself or not cleanly: ${signal ?? code}`);
        setTimeout(() => !stopping && launch(), restartDelayMs);
      });
    });
  }

  launch();
  return {
    name,
    wires,
    killed,
    deaths,
    url: () => url,
    pid: () => child?.pid ?? null,
    signal: (signal) => void child?.kill(signal),
    kill() {
      const pid = child?.pid ?? null;
      if (pid === null) return null;
      killed.add(pid);
      // It listens no more, whenever we learn of its end.
      url = null;
      child?.kill("SIGKILL");
      return pid;
    },
    async terminate() {
      const life = child;
      if (life?.pid === undefined) return;
      terminated.add(life.pid);
      const hard = setTimeout(() => life.kill("SIGKILL"), stopTimeoutMs);
      life.kill("SIGTERM");
      await ended;
      clearTimeout(hard);
    },
    async ready() {
      const deadline = performance.now() + startTimeoutMs;
      while (url === null) {
        if (performance.now() > deadline) throw new Error(`${name} did not listen in time, see its log`);
        await pause(20);
      }
    },
    async stop() {
      stopping = true;
      const life = child;
      if (life !== null) {
        life.kill("SIGCONT");
        life.kill("SIGTERM");
        const hard = setTimeout(() => life.kill("SIGKILL"), stopTimeoutMs);
        await ended;
        clearTimeout(hard);
      }
      log.end();
      await wires.stop();
    },
  };
}
