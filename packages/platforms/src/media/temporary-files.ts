/**
 * Files that must not outlive their use. All are in one directory; a file's name tells which process on which machine
 * made it, so that those of a process that died can be told from those in use.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rm, stat, type FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";

export interface TemporaryFile extends AsyncDisposable {
  path: string;
  handle: FileHandle;
  /** Closes it for writing and hands it on: from now on only the new owner removes it. */
  keep(): { path: string } & AsyncDisposable;
}

export interface TemporaryFiles {
  /** @throws if the disk does not let us */
  create(): Promise<TemporaryFile>;
  removeStale(): Promise<void>;
}

/** A file of another machine that shares the directory is stale after this long; nothing is in use for so long. */
const strangersAgeMs = 24 * 60 * 60_000;
const host = hostname().replaceAll(/[^A-Za-z0-9]/g, "_");
/** Tells this process from an earlier one that had its number. */
const startedMs = Math.floor(performance.timeOrigin);

export function createTemporaryFiles({ directory }: { directory: string }): TemporaryFiles {
  return {
    async create() {
      // Only for us: what is fetched is not public yet.
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const name = `${process.pid}-${startedMs}-${host}-${randomBytes(8).toString("hex")}`;
      const file = path.join(directory, name);
      const handle = await open(file, "wx", 0o600);
      let kept = false;
      const remove = () => rm(file, { force: true });
      return {
        path: file,
        handle,
        keep() {
          kept = true;
          return { path: file, [Symbol.asyncDispose]: remove };
        },
        async [Symbol.asyncDispose]() {
          await handle.close();
          if (!kept) await remove();
        },
      };
    },
    async removeStale() {
      const names = await readdir(directory).catch(() => []);
      await Promise.all(names.map((name) => removeIfStale(path.join(directory, name))));
    },
  };
}

async function removeIfStale(file: string): Promise<void> {
  const [, pid, started, madeOn] = /^(\d+)-(\d+)-(\w*)-[0-9a-f]{16}$/.exec(path.basename(file)) ?? [];
  if (pid === undefined) return;
  const stale = madeOn === host ? !isAlive(Number(pid), Number(started)) : await isOlderThan(file, strangersAgeMs);
  if (stale) await rm(file, { force: true });
}

function isAlive(pid: number, started: number): boolean {
  if (pid === process.pid) return started === startedMs;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive all the same.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function isOlderThan(file: string, ageMs: number): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > ageMs;
}
