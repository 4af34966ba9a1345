/** `npm start` as a person runs it: in a terminal's process group, in a data directory of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { until } from "@punctual/testing";

/** What `npm start` writes for programs that want to join in. */
export interface DevFile {
  apiUrl: string;
  workerUrl: string;
  sandboxUrl: string;
  databaseUrl: string;
  redisUrl: string;
  apiKey: string;
  operator: { user: string; password: string };
  socialAccounts: { webhook: string };
  env: Record<string, string>;
}

export interface Started {
  dev: DevFile;
  /** From the command to the file that says where everything is. */
  startMs: number;
  output(): string;
  /** Ctrl-C: the terminal tells every process of the group. */
  interrupt(): void;
  exited: Promise<number | string>;
  killGroup(): void;
}

/** The first start may install packages and Redis. */
const startTimeoutMs = 180_000;

export async function npmStart(root: string, dataDirectory: string): Promise<Started> {
  const since = performance.now();
  const { child, output, exited } = run(root, dataDirectory);
  const devFile = path.join(dataDirectory, "dev.json");
  const isOver = exited.then((status) => {
    throw new Error(`npm start ended with ${status}:\n${output()}`);
  });
  const isUp = until("npm start writes dev.json", async () => existsSync(devFile), { timeoutMs: startTimeoutMs });
  await Promise.race([isUp, isOver]).catch((error: unknown) => {
    signalGroup(child, "SIGKILL");
    throw error;
  });
  isOver.catch(() => {});
  return {
    dev: JSON.parse(readFileSync(devFile, "utf8")) as DevFile,
    startMs: performance.now() - since,
    output,
    interrupt: () => signalGroup(child, "SIGINT"),
    exited,
    killGroup: () => signalGroup(child, "SIGKILL"),
  };
}

/** One that is expected to refuse. */
export async function npmStartRefusing(
  root: string,
  dataDirectory: string,
  environment: Record<string, string> = {},
): Promise<{ status: number | string; output: string }> {
  const { output, exited } = run(root, dataDirectory, environment);
  return { status: await exited, output: output() };
}

function run(root: string, dataDirectory: string, environment: Record<string, string> = {}) {
  const ports = { PORT: "0", WORKER_PORT: "0", SANDBOX_PORT: "0" };
  const child = spawn("npm", ["start"], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...ports, DATA_DIR: dataDirectory, NO_COLOR: "1", ...environment },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const exited = new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code ?? signal ?? ""));
  });
  return { child, output: () => output, exited };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid ?? 0), signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
