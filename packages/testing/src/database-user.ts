/**
 * Postgres refuses to run as root, so root hands it to another user: the owner of an existing data directory, else
 * `postgres`, else `nobody`. That user must be able to reach the programs and the data. Below a directory that only
 * root may enter (a clone in /root, a `mktemp -d`) it gets there by a Linux capability that setpriv passes on.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { StartError } from "@punctual/runtime";

/** How to start a program as the database user. */
export interface DatabaseUser {
  /** Owner of the data; undefined: whoever runs this process. */
  owner: { uid: number; gid: number } | undefined;
  /** Turns a command into one that runs as that user. */
  wrap(command: string, args: readonly string[]): { command: string; args: string[]; uid?: number; gid?: number };
}

const candidates = ["postgres", "nobody"];

/**
 * @param dataDirectory may not exist yet; its parent must
 * @param binDirectory of initdb and postgres
 */
export function findDatabaseUser(dataDirectory: string, binDirectory: string): DatabaseUser {
  if (process.getuid?.() !== 0) return { owner: undefined, wrap: (command, args) => ({ command, args: [...args] }) };
  const owner = ownerOf(dataDirectory) ?? lookUpUser();
  const capability = neededCapability(owner, dataDirectory, binDirectory);
  if (capability === null) {
    return { owner, wrap: (command, args) => ({ command, args: [...args], ...owner }) };
  }
  const setpriv = findSetpriv(capability);
  if (setpriv === null) {
    throw new StartError(
      `PostgreSQL cannot run as root, and its user may not enter ${closedDirectory(owner, dataDirectory, binDirectory)}: ` +
        "work as an ordinary user, or move the checkout and DATA_DIR to where everybody may enter (such as /opt).",
    );
  }
  const drop = [
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    "--clear-groups",
    `--inh-caps=+${capability}`,
    `--ambient-caps=+${capability}`,
    // Without it access(2), which initdb and postgres ask first, would ignore the capability.
    "--securebits=+no_setuid_fixup",
  ];
  return { owner, wrap: (command, args) => ({ command: setpriv, args: [...drop, command, ...args] }) };
}

function ownerOf(directory: string): { uid: number; gid: number } | undefined {
  const stats = statSync(directory, { throwIfNoEntry: false });
  return stats === undefined || stats.uid === 0 ? undefined : { uid: stats.uid, gid: stats.gid };
}

function lookUpUser(): { uid: number; gid: number } {
  for (const name of candidates) {
    const [uid, gid] = ["-u", "-g"].map((flag) => {
      const answer = spawnSync("id", [flag, name], { encoding: "utf8" });
      return answer.status === 0 ? Number(answer.stdout) : Number.NaN;
    });
    if (Number.isInteger(uid) && Number.isInteger(gid)) return { uid: uid as number, gid: gid as number };
  }
  throw new StartError(
    "PostgreSQL cannot run as root, and there is no user `postgres` or `nobody` to run it as: work as an ordinary user.",
  );
}

/** Null if the user gets everywhere by itself. Reading and entering is the smaller right; executing needs the larger. */
function neededCapability(
  owner: { uid: number; gid: number },
  dataDirectory: string,
  binDirectory: string,
): "dac_read_search" | "dac_override" | null {
  if (process.platform !== "linux") return null;
  const programs = [path.join(binDirectory, "postgres"), path.join(binDirectory, "initdb")];
  const canExecute = programs.every((program) => allows(owner, program, 0o5));
  if (canExecute && closedDirectory(owner, dataDirectory, binDirectory) === undefined) return null;
  return canExecute && hasCapability(2) ? "dac_read_search" : "dac_override";
}

/** The first directory on the way to the data or the programs that the user may not enter. */
function closedDirectory(
  owner: { uid: number; gid: number },
  dataDirectory: string,
  binDirectory: string,
): string | undefined {
  const parents = [path.dirname(path.resolve(dataDirectory)), binDirectory].flatMap((directory) =>
    ancestors(realpathSync(directory)),
  );
  return parents.find((directory) => !allows(owner, directory, 0o1));
}

function ancestors(directory: string): string[] {
  const parent = path.dirname(directory);
  return parent === directory ? [directory] : [...ancestors(parent), directory];
}

/** Whether the file's mode alone gives the user these rights (4 read, 1 enter or execute). */
function allows(owner: { uid: number; gid: number }, file: string, rights: number): boolean {
  const { mode, uid, gid } = statSync(file);
  const shift = uid === owner.uid ? 6 : gid === owner.gid ? 3 : 0;
  return ((mode >> shift) & rights) === rights;
}

/** Whether this process holds a capability, by its number in linux/capability.h. */
function hasCapability(bit: number): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> BigInt(bit)) & 1n) === 1n;
}

/** The path of a setpriv that can do it (BusyBox' cannot), tried out for real. */
function findSetpriv(capability: string): string | null {
  for (const directory of (process.env.PATH ?? "").split(path.delimiter)) {
    const candidate = path.join(directory, "setpriv");
    try {
      accessSync(candidate, constants.X_OK);
      execFileSync(
        candidate,
        [`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`, "--securebits=+no_setuid_fixup", "true"],
        {
          stdio: "ignore",
        },
      );
      return candidate;
    } catch {
      // Not here, or not able to.
    }
  }
  return null;
}
