/**
 * Programs that tests use and npm has not: taken out of Debian's packages without installing these, because they would
 * start servers or change the machine.
 */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { isProgram } from "./installed-program.ts";

export interface DebianProgram {
  /** Of the directory it is kept in. */
  name: string;
  /** The one with the program, and those with libraries that few machines have. */
  packages: readonly string[];
  /** Where it is in its package, such as `usr/bin/promtool`. */
  file: string;
}

const downloadTimeoutMs = 300_000;

/**
 * Kept for the next run. Test files run side by side: one downloads, under a lock, and the others find it done.
 *
 * @returns the directory that stands for `/`; null where there is no such package to be had
 */
export function takeFromDebian({ name, packages, file }: DebianProgram): string | null {
  const directory = path.join(tmpdir(), `punctual-${name}-${process.getuid?.() ?? 0}`);
  const isThere = () => isOurs(directory) && isProgram(path.join(directory, file));
  if (isThere()) return directory;
  if (spawnSync("apt-get", ["--version"]).status !== 0) return null;
  // Made beside its place and moved there whole: who looks without the lock sees all of it or nothing.
  const script = `
    directory=$1 file=$2; shift 2
    test -x "$directory/$file" && exit
    rm -rf "$directory" "$directory.new" && mkdir -m 700 "$directory.new" && cd "$directory.new" || exit 1
    apt-get download -qq "$@" || { apt-get update -qq && apt-get download -qq "$@"; } || exit 1
    for package in "$@"; do dpkg-deb -x "$package"_*.deb . && rm "$package"_*.deb || exit 1; done
    chmod 700 . && mv "$directory.new" "$directory"`;
  const lock = `${directory}.lock`;
  const args = [lock, "sh", "-c", script, "sh", directory, file, ...packages];
  spawnSync("flock", args, { stdio: "ignore", timeout: downloadTimeoutMs });
  return isThere() ? directory : null;
}

/** Anybody may make a directory there. */
function isOurs(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.uid === process.getuid?.();
}
