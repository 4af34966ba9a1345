/**
 * A Redis of our own: loopback only, with a password, never evicting. It is an alarm clock, not the truth, but a
 * clock that survives a restart saves the rebuilding, so `npm start` lets it write an append-only file.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { StartError } from "@punctual/runtime";
import { freePort } from "./free-port.ts";
import { findRedis } from "./redis-program.ts";
import { commandLine, endProcess, identifyProcess } from "./running-process.ts";
import { lastLogLines, launchServerProcess, type LocalServer, type ServerProcess } from "./server-process.ts";

export interface RedisOptions {
  /** Holds its configuration and data; made if missing. */
  directory: string;
  logFile: string;
  /** 0 picks a free one. */
  port: number;
  password: string;
  /** How many numbered databases there are. */
  databases: number;
  /** Whether data outlives the process. */
  persistent: boolean;
  /** Told before something is installed. */
  announce?: (message: string) => void;
}

const startTimeoutMs = 60_000;
const bindTries = 3;
const stopSteps = [
  { signal: "SIGTERM", waitMs: 10_000 },
  { signal: "SIGKILL", waitMs: 2_000 },
] as const;

/** @throws {StartError} saying in a sentence what is in the way */
export async function startRedis(options: RedisOptions): Promise<LocalServer> {
  const { directory, logFile, password } = options;
  const program = findRedis(options.announce ?? (() => {}));
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await stopLeftoverRedis(directory);
  for (let tries = 1; ; tries += 1) {
    const port = options.port === 0 ? await freePort() : options.port;
    writeFileSync(configFile(directory), configuration(options, port), { mode: 0o600 });
    const server = await launchServerProcess({ ...program, args: [configFile(directory)], cwd: directory, logFile });
    if (await answers(server, port, password)) {
      return {
        url: `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}/0`,
        port,
        identity: server.identity,
        exited: server.exited,
        stop: async () => {
          await endProcess(server.identity, stopSteps);
          await server.exited;
        },
      };
    }
    const said = lastLogLines(logFile);
    if (said.includes("Address already in use") && options.port === 0 && tries < bindTries) continue;
    throw new StartError(`Redis did not start on port ${port} (${await server.exited}); it said:\n${said}`);
  }
}

/**
 * Ends the server that still runs on a directory whose starter was killed.
 *
 * @returns whether there was one
 */
export async function stopLeftoverRedis(directory: string): Promise<boolean> {
  const pidFile = path.join(directory, "redis.pid");
  if (!existsSync(pidFile)) return false;
  const identity = identifyProcess(Number.parseInt(readFileSync(pidFile, "utf8"), 10));
  if (identity === null || !commandLine(identity.pid)?.includes(configFile(directory))) return false;
  if (!(await endProcess(identity, stopSteps))) {
    throw new StartError(`A Redis of an earlier run (pid ${identity.pid}) does not stop: end it, then try again.`);
  }
  return true;
}

function configFile(directory: string): string {
  return path.join(directory, "redis.conf");
}

function configuration({ directory, password, databases, persistent }: RedisOptions, port: number): string {
  const settings: Record<string, string> = {
    bind: "127.0.0.1",
    port: String(port),
    "protected-mode": "yes",
    requirepass: password,
    dir: quote(directory),
    pidfile: quote(path.join(directory, "redis.pid")),
    // Keeps the path of this file in the command line, by which a later run recognises the process.
    "set-proc-title": "no",
    databases: String(databases),
    // How often due jobs are noticed while traffic is sparse: the default of 10 makes them up to 100 ms late.
    hz: "100",
    maxmemory: "0",
    "maxmemory-policy": "noeviction",
    save: '""',
    appendonly: persistent ? "yes" : "no",
    appendfsync: "everysec",
  };
  return `${Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join("\n")}\n`;
}

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Waits until the server takes commands (it may load its file first); false if it ended instead. */
async function answers(server: ServerProcess, port: number, password: string): Promise<boolean> {
  const deadline = performance.now() + startTimeoutMs;
  while (server.isRunning()) {
    if (await ping(port, password)) return server.isRunning();
    if (performance.now() > deadline) await endProcess(server.identity, stopSteps);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

function ping(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect({ port, host: "127.0.0.1", timeout: 1_000 });
    const settle = (alive: boolean) => {
      socket.destroy();
      resolve(alive);
    };
    socket.on("connect", () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on("data", (chunk) => {
      answer += chunk.toString();
      if (answer.split("\r\n").length > 2) settle(answer.startsWith("+OK\r\n+PONG"));
    });
    socket.on("error", () => settle(false));
    socket.on("timeout", () => settle(false));
    socket.on("close", () => settle(false));
  });
}
