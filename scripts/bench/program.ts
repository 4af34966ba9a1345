/**
 * A program the benchmark starts: one of Punctual's own processes as it is shipped, or a helper that answers
 * questions. What it writes goes straight to a file, so that reading it costs the measurement nothing.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { thriftyEnvironment, thriftyFlags } from "@punctual/runtime";
import { until } from "@punctual/testing";
import type { Question } from "./parent.ts";

export interface ProgramOptions {
  name: string;
  /** Below the repository. */
  file: string;
  environment?: Readonly<Record<string, string>>;
  /** Loaded before it; below the repository. */
  imports?: readonly string[];
  /** Where its log goes. */
  directory: string;
}

export interface Program {
  pid: number;
  /** SIGTERM, and SIGKILL after a while. */
  stop(): Promise<void>;
}

/** One of our own processes. */
export interface ShippedProcess extends Program {
  url: string;
  /** What is loaded before it may answer; nothing else does. */
  ask<Answer>(question: Question): Promise<Answer>;
}

/** @template Asking what it may be asked */
export interface Helper<Asking extends Question> extends Program {
  /** What it said at its start. */
  ready: Readonly<Record<string, unknown>>;
  /** Rejects if it fails to answer, or ends. */
  ask<Answer>(question: Asking): Promise<Answer>;
}

const repository = fileURLToPath(new URL("../..", import.meta.url));
const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;
const logLinesShown = 8;

const running = new Set<ChildProcess>();
// Also when the benchmark itself fails.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

let started = 0;

/** @returns once it listens */
export async function startShipped(options: ProgramOptions & { name: "api" | "worker" }): Promise<ShippedProcess> {
  const launched = launch(options, { flags: thriftyFlags(options.name), environment: thriftyEnvironment });
  const { child, log, ended, stop } = launched;
  const { ask } = converse(options.name, launched);
  const listening = () => /^\{.*"listening".*\}$/m.exec(readFileSync(log, "utf8"))?.[0];
  try {
    const line = await Promise.race([
      until(`${options.name} listens`, async () => listening(), { timeoutMs: startTimeoutMs }),
      ended,
    ]);
    return { pid: child.pid as number, url: (JSON.parse(line) as { url: string }).url, ask, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @returns once it is ready to be asked */
export async function startHelper<Asking extends Question>(options: ProgramOptions): Promise<Helper<Asking>> {
  const launched = launch(options, {
    flags: [],
    environment: { NODE_COMPILE_CACHE: path.join(options.directory, "compile-cache") },
  });
  const { child, ended, stop } = launched;
  const { ready, ask } = converse(options.name, launched);
  return { pid: child.pid as number, ready: await Promise.race([ready, ended]), stop, ask };
}

interface Conversation {
  /** What it said at its start, if it ever does. */
  ready: Promise<Record<string, unknown>>;
  ask<Answer>(question: Question): Promise<Answer>;
}

function converse(name: string, { child, ended }: Launched): Conversation {
  const open = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  let asked = 0;
  const ready = new Promise<Record<string, unknown>>((resolve) => {
    child.on(
      "message",
      (message: { ready?: Record<string, unknown>; id?: number; result?: unknown; error?: string }) => {
        if (message.ready !== undefined) return resolve(message.ready);
        const question = open.get(message.id ?? 0);
        open.delete(message.id ?? 0);
        if (message.error === undefined) question?.resolve(message.result);
        else question?.reject(new Error(`${name}: ${message.error}`));
      },
    );
  });
  ended.catch((error: Error) => {
    for (const { reject } of open.values()) reject(error);
  });
  return {
    ready,
    ask<Answer>(question: Question) {
      return new Promise<Answer>((resolve, reject) => {
        asked += 1;
        open.set(asked, { resolve: resolve as (answer: unknown) => void, reject });
        child.send({ id: asked, question });
      });
    },
  };
}

interface Launched {
  child: ChildProcess;
  /** The path of its log. */
  log: string;
  /** Rejects when it ends. */
  ended: Promise<never>;
  stop(): Promise<void>;
}

function launch(
  { name, file, environment = {}, imports = [], directory }: ProgramOptions,
  node: { flags: readonly string[]; environment: Readonly<Record<string, string>> },
): Launched {
  started += 1;
  const log = path.join(directory, `${String(started).padStart(3, "0")}-${name}.log`);
  const output = openSync(log, "a");
  const before = imports.flatMap((module) => ["--import", `./${module}`]);
  const child = spawn(process.execPath, [...node.flags, ...before, file], {
    cwd: repository,
    // With a channel to us it notices our death, and stops.
    stdio: ["ignore", output, output, "ipc"],
    serialization: "advanced",
    env: { PATH: process.env.PATH, ...node.environment, ...environment },
  });
  closeSync(output);
  running.add(child);
  const exit = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  }).finally(() => running.delete(child));
  const ended = exit.then((how) => {
    throw new Error(`${name} ended (${how}); it said:\n${endOf(log)}`);
  });
  // Whoever waits for something else meanwhile is told; at a stop nobody is.
  ended.catch(() => {});
  return {
    child,
    log,
    ended,
    async stop() {
      child.kill("SIGTERM");
      const hard = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
      await exit;
      clearTimeout(hard);
    },
  };
}

function endOf(log: string): string {
  return readFileSync(log, "utf8").trimEnd().split("\n").slice(-logLinesShown).join("\n");
}
