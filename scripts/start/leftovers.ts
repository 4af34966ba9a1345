/**
 * What a run that was killed left running. Apps notice their supervisor's death and stop by themselves, but one that
 * is frozen or slow may still hold its port; servers do not notice. Only processes of this very data directory are
 * ended, never one that merely has their number.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  endProcess,
  isRunning,
  stopLeftoverPostgres,
  stopLeftoverRedis,
  type ProcessIdentity,
} from "@punctual/testing";
import type { DataDirectory } from "./data-directory.ts";

const stopSteps = [
  // A frozen one gets its signal only once it runs.
  { signal: "SIGCONT", waitMs: 0 },
  { signal: "SIGTERM", waitMs: 10_000 },
  { signal: "SIGKILL", waitMs: 2_000 },
] as const;

export interface ProcessRecords {
  /** Notes who runs now under a name, so that a later start can tell. */
  record(name: string, identity: ProcessIdentity): void;
}

/** Ends the apps and servers of an earlier run of this data directory. Call it under the start lock. */
export async function clearLeftovers(
  data: DataDirectory,
  announce: (message: string) => void,
): Promise<ProcessRecords> {
  const file = path.join(data.path, "processes.json");
  const left = Object.entries(readRecords(file)).filter(([, identity]) => isRunning(identity));
  if (left.length > 0) announce(`Ending what an earlier run left: ${left.map(([name]) => name).join(", ")}.`);
  await Promise.all(left.map(([, identity]) => endProcess(identity, stopSteps)));
  if (await stopLeftoverRedis(data.redis)) announce("Ended the Redis of an earlier run.");
  if (await stopLeftoverPostgres(data.postgres)) announce("Ended the Postgres of an earlier run.");
  const records: Record<string, ProcessIdentity> = {};
  return {
    record: (name, identity) => {
      records[name] = identity;
      writeFileSync(file, JSON.stringify(records), { mode: 0o600 });
    },
  };
}

function readRecords(file: string): Record<string, ProcessIdentity> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, ProcessIdentity>;
  } catch {
    return {};
  }
}
