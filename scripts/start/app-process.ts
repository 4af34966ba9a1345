/**
 * An app as a child process. It leads a process group of its own, so that Ctrl-C reaches only the supervisor, and has
 * a channel to the supervisor, by which it notices that one's death. What it says goes to a log file; warnings and
 * errors also to the terminal, as one line.
 */
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { StartError, thriftyEnvironment, thriftyFlags } from "@punctual/runtime";
import { endProcess, identifyProcess, type ProcessIdentity } from "@punctual/testing";
import type { RotatingLog } from "./rotating-log.ts";
import type { Running } from "./supervisor.ts";

export interface AppOptions {
  name: "api" | "worker" | "sandbox";
  /** Absolute path of the checkout. */
  root: string;
  environment: Readonly<Record<string, string | undefined>>;
  log: RotatingLog;
  warn(message: string): void;
  /** Told who it is, as soon as it runs. */
  onLaunched(identity: ProcessIdentity): void;
}

export interface RunningApp extends Running {
  url: string;
}

const startTimeoutMs = 60_000;
/** More than the apps' own grace periods. */
const stopSteps = [
  { signal: "SIGTERM", waitMs: 35_000 },
  { signal: "SIGKILL", waitMs: 2_000 },
] as const;
const killSteps = stopSteps.slice(1);
const lastLinesMax = 12;

/** @returns once it listens */
export async function launchApp(options: AppOptions): Promise<RunningApp> {
  const child = spawn(
    process.execPath,
    [...thriftyFlags(options.name), path.join("apps", options.name, "src", "main.ts")],
    {
      cwd: options.root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...thriftyEnvironment, ...options.environment },
    },
  );
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
  });
  const identity = identifyProcess(child.pid ?? -1);
  if (identity !== null) options.onLaunched(identity);

  const lastLines: string[] = [];
  let hasListened = false;
  const listening = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      stream.on("data", (chunk: Buffer) => options.log.write(chunk));
      createInterface(stream).on("line", (line) => {
        lastLines.push(line);
        if (lastLines.length > lastLinesMax) lastLines.shift();
        const record = parseRecord(line);
        if (record?.msg === "listening" && record.url !== undefined) {
          hasListened = true;
          resolve(record.url);
        }
        const warning = record === null ? lastWord(line) : describeWarning(record);
        // Until it listens, all it says becomes part of the error.
        if (warning !== null && hasListened) options.warn(`${options.name}: ${warning}`);
      });
    }
  });

  const end = async (steps: Parameters<typeof endProcess>[1]) => {
    if (identity !== null) await endProcess(identity, steps);
    await exited;
  };
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), startTimeoutMs);
  });
  const url = await Promise.race([listening, exited.then(() => null), timeout]);
  clearTimeout(timer);
  if (url === null) {
    await end(killSteps);
    throw new StartError(`${options.name} did not start (${await exited}); it said:\n${lastLines.join("\n")}`);
  }
  return { url, exited, stop: () => end(stopSteps), kill: () => void child.kill("SIGKILL") };
}

interface LogRecord {
  msg?: string;
  url?: string;
  level?: string;
  err?: { message?: string };
}

function parseRecord(line: string): LogRecord | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line) as LogRecord;
  } catch {
    return null;
  }
}

/** One line for a person; null if it is not worth one. */
function describeWarning({ msg, level, err }: LogRecord): string | null {
  if (level !== "warn" && level !== "error" && level !== "fatal") return null;
  return [msg, err?.message?.trim().split("\n")[0]].filter((part) => part !== undefined && part !== "").join(": ");
}

/** What is no log record is said by a dying program; its stack is in the log file. */
function lastWord(line: string): string | null {
  return /^\S/.test(line) && line !== "}" ? line.trim() : null;
}
