/**
 * A Postgres or Redis of our own as a child process. It leads its own process group, so that Ctrl-C in the terminal
 * reaches only us and the order of stopping stays ours; what it says goes straight to a file, so that it never
 * notices if we die.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { identifyProcess, isRunning, type ProcessIdentity } from "./running-process.ts";

export interface ServerProcessOptions {
  command: string;
  args: readonly string[];
  /** What the program believes to be called. */
  argv0?: string;
  cwd: string;
  uid?: number;
  gid?: number;
  logFile: string;
}

export interface ServerProcess {
  identity: ProcessIdentity;
  /** Settles once the process has ended, with its code or signal in words. */
  exited: Promise<string>;
  isRunning(): boolean;
}

/** A server of our own that takes connections on loopback. */
export interface LocalServer {
  url: string;
  port: number;
  identity: ProcessIdentity;
  /** Settles once the process has ended, with its code or signal in words. */
  exited: Promise<string>;
  /** Stops it cleanly, or hard if that takes too long. Idempotent. */
  stop(): Promise<void>;
}

/** A log file that has grown larger is begun anew, in bytes. */
const logFileBytesMax = 5 * 1024 * 1024;

/** @throws if the program cannot be run */
export function launchServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const log = openLogFile(options.logFile);
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    detached: true,
    stdio: ["ignore", log, log],
    env: { PATH: process.env.PATH, TZ: "UTC", LC_ALL: "C" },
    ...(options.argv0 === undefined ? {} : { argv0: options.argv0 }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  closeSync(log);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => {
      const pid = child.pid as number;
      const exited = new Promise<string>((settle) => {
        child.once("exit", (code, signal) => settle(signal === null ? `exit code ${code}` : `signal ${signal}`));
      });
      const identity = identifyProcess(pid) ?? { pid, startedAt: "" };
      resolve({
        identity,
        exited,
        isRunning: () => child.exitCode === null && child.signalCode === null && isRunning(identity),
      });
    });
  });
}

/** The end of a log file, to explain a failure with. */
export function lastLogLines(logFile: string, count = 8): string {
  try {
    return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-count).join("\n");
  } catch {
    return "";
  }
}

function openLogFile(logFile: string): number {
  const isLarge = (statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > logFileBytesMax;
  return openSync(logFile, isLarge ? "w" : "a", 0o600);
}
