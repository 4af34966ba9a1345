/** Runs an app as the process it is in production: its own `main.ts`, its environment, its signals. */
import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { thriftyEnvironment, thriftyFlags } from "@punctual/runtime/thrift";

export interface LaunchedApp {
  /** Where its HTTP server listens. */
  url: string;
  pid: number;
  /** All it wrote, standard output and standard error. */
  output(): string;
  /** Its log, line by line. */
  logs(): Record<string, unknown>[];
  kill(signal: NodeJS.Signals): void;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const startTimeoutMs = 30_000;
const outputLengthMax = 4 * 1024 * 1024;

const launched = new Set<ChildProcess>();
// A test that failed may have left its process behind, even a stopped one.
process.on("exit", () => {
  for (const child of launched) child.kill("SIGKILL");
});

/**
 * @param environment the whole environment of the process; every port left out is a free one
 * @returns once it listens
 * @throws with its output if it ends before that
 */
export async function launchApp(
  name: "api" | "worker" | "sandbox",
  environment: Readonly<Record<string, string>>,
): Promise<LaunchedApp> {
  const child = spawn(process.execPath, [...thriftyFlags(name), path.join("apps", name, "src", "main.ts")], {
    cwd: repository,
    // With a channel to us it notices our death, and stops.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      ...thriftyEnvironment,
      PATH: process.env.PATH,
      PORT: "0",
      WORKER_PORT: "0",
      SANDBOX_PORT: "0",
      ...environment,
    },
  });
  launched.add(child);
  let output = "";
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-outputLengthMax);
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  // A run of tests must be able to end although the process still runs.
  child.channel?.unref();
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => {
      launched.delete(child);
      resolve({ code, signal });
    });
  });
  const url = await listening(child, name, () => output);
  return {
    url,
    pid: child.pid as number,
    output: () => output,
    logs: () => parseLog(output),
    kill: (signal) => void child.kill(signal),
    exited,
  };
}

function listening(child: ChildProcess, name: string, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const settle = (result: string | Error) => {
      clearTimeout(timer);
      child.stdout?.off("data", look);
      child.off("close", onClose).off("error", onError);
      if (result instanceof Error) {
        child.kill("SIGKILL");
        reject(result);
      } else {
        resolve(result);
      }
    };
    const look = () => {
      const url = parseLog(output()).find((line) => line["msg"] === "listening")?.["url"];
      if (typeof url === "string") settle(url);
    };
    const onClose = () => settle(new Error(`${name} ended before it listened:\n${output()}`));
    const onError = (error: Error) => settle(new Error(`${name} cannot be started`, { cause: error }));
    const timer = setTimeout(
      () => settle(new Error(`${name} did not listen within ${startTimeoutMs} ms:\n${output()}`)),
      startTimeoutMs,
    );
    child.stdout?.on("data", look);
    child.on("close", onClose).on("error", onError);
  });
}

/** The lines that are JSON objects; a program that dies writes others. */
function parseLog(output: string): Record<string, unknown>[] {
  return output
    .split("\n")
    .map(parseObject)
    .filter((line) => line !== null);
}

function parseObject(line: string): Record<string, unknown> | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
