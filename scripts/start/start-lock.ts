/**
 * One `npm start` per data directory. The lock file names the process and when it started, so that a lock whose
 * holder was killed, or whose process id went to a stranger since, holds nobody up.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { StartError } from "@punctual/runtime";
import { identifyProcess, isRunning, type ProcessIdentity } from "@punctual/testing";

const lockName = "start.lock";

/**
 * @returns how to give the lock back
 * @throws {StartError} naming the process that holds it
 */
export function takeStartLock(dataDirectory: string): () => void {
  const lock = path.join(dataDirectory, lockName);
  const mine = JSON.stringify(identifyProcess(process.pid));
  const draft = `${lock}.${process.pid}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    while (!tryLink(draft, lock)) breakStaleLock(lock, dataDirectory);
  } finally {
    rmSync(draft, { force: true });
  }
  return () => {
    if (readText(lock) === mine) rmSync(lock, { force: true });
  };
}

/** Linking is atomic: of two starts, one gets the name. */
function tryLink(draft: string, lock: string): boolean {
  try {
    linkSync(draft, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function breakStaleLock(lock: string, dataDirectory: string): void {
  const found = readText(lock);
  if (found === null) return;
  const holder = parseHolder(found);
  if (holder !== null && isRunning(holder)) throw heldError(holder, dataDirectory);
  const aside = `${lock}.stale.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return; // Another start was quicker.
  }
  const moved = readText(aside);
  // Between reading and moving, another start may have broken the stale lock and taken its own: give that back.
  if (moved !== found) tryLink(aside, lock);
  rmSync(aside, { force: true });
}

function parseHolder(text: string): ProcessIdentity | null {
  try {
    return JSON.parse(text) as ProcessIdentity | null;
  } catch {
    return null;
  }
}

function heldError({ pid }: ProcessIdentity, dataDirectory: string): StartError {
  return new StartError(
    `Punctual already runs on ${dataDirectory} (pid ${pid}): stop that one, or give this one a place of its own, ` +
      "such as `DATA_DIR=.data2 PORT=3100 npm start`.",
  );
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
