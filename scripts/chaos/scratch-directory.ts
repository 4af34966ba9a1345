/** Where a run keeps its servers' data and its logs: thrown away with it, also if it is broken off. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export interface ScratchDirectory {
  path: string;
  remove(): void;
  /** Leaves it behind for whoever wants to read the logs. */
  keep(): void;
}

export function makeScratchDirectory(purpose = "chaos"): ScratchDirectory {
  const directory = mkdtempSync(path.join(tmpdir(), `punctual-${purpose}-`));
  // Root hands Postgres to another user, who must be able to enter.
  chmodSync(directory, 0o711);
  const clear = () => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  process.once("exit", clear);
  return {
    path: directory,
    remove() {
      process.removeListener("exit", clear);
      clear();
    },
    keep: () => void process.removeListener("exit", clear),
  };
}
