/**
 * Finds promtool, which checks Prometheus' rules: the one in PATH, else the one in Debian's package, taken out of it
 * without installing it, because the package would start a server. Where there is none such tests are skipped.
 */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { findInPath, isProgram } from "./installed-program.ts";

const downloadTimeoutMs = 300_000;

/** @returns the path of the program; null where there is none and none can be had */
export function findPromtool(): string | null {
  return findInPath(["promtool"]) ?? downloadPromtool();
}

/** Kept for the next run. Test files run side by side: one downloads, under a lock, and the others find it done. */
function downloadPromtool(): string | null {
  const directory = path.join(tmpdir(), `punctual-promtool-${process.getuid?.() ?? 0}`);
  const program = path.join(directory, "usr", "bin", "promtool");
  if (isOurs(directory) && isProgram(program)) return program;
  if (spawnSync("apt-get", ["--version"]).status !== 0) return null;
  const script = `
    test -x "$1/usr/bin/promtool" && exit
    mkdir -p -m 700 "$1" && cd "$1" || exit 1
    apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; } || exit 1
    dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb`;
  const lock = `${directory}.lock`;
  spawnSync("flock", [lock, "sh", "-c", script, "sh", directory], { stdio: "ignore", timeout: downloadTimeoutMs });
  return isOurs(directory) && isProgram(program) ? program : null;
}

/** Anybody may make a directory there. */
function isOurs(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.uid === process.getuid?.();
}
