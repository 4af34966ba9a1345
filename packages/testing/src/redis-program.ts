/**
 * Finds a Redis (or Valkey) on this machine. npm brings none, so it is the one in PATH; else the server hidden in
 * Debian's `redis-tools` under another name; else that package is installed, if we may; else one line names the
 * command for this system.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import path from "node:path";
import { StartError } from "@punctual/runtime";

export interface RedisProgram {
  command: string;
  /** What it must be called to act as the server. */
  argv0: string;
}

/** BullMQ's needs: major, minor. Valkey counts on from 7. */
const oldestVersion = [6, 2] as const;
/** The very same program as redis-server, in a package that turns no system service on. */
const disguised = "/usr/bin/redis-check-rdb";

/**
 * @param announce told before something is installed, which takes a while
 * @throws {StartError} naming the command that installs one
 */
export function findRedis(announce: (message: string) => void): RedisProgram {
  const found = findInstalledRedis();
  if (found !== null) return found;
  if (process.getuid?.() === 0 && spawnSync("apt-get", ["--version"]).status === 0) {
    announce("Installing Redis (Debian package redis-tools) ...");
    installRedisTools();
    const installed = findInstalledRedis();
    if (installed !== null) return installed;
  }
  throw new StartError(
    `Redis ${oldestVersion.join(".")} or newer (or Valkey) is needed: run \`${installCommand()}\`, or set REDIS_URL to one of yours.`,
  );
}

export function findInstalledRedis(searchPath: string = process.env.PATH ?? ""): RedisProgram | null {
  for (const argv0 of ["redis-server", "valkey-server"]) {
    for (const directory of searchPath.split(path.delimiter)) {
      const candidate = { command: path.join(directory, argv0), argv0 };
      if (isFitServer(candidate)) return candidate;
    }
  }
  const candidate = { command: disguised, argv0: "redis-server" };
  return isFitServer(candidate) ? candidate : null;
}

/** Also tells a Redis that is too old from one that will do. */
function isFitServer({ command, argv0 }: RedisProgram): boolean {
  try {
    accessSync(command, constants.X_OK);
  } catch {
    return false;
  }
  const { stdout } = spawnSync(command, ["--version"], { argv0, encoding: "utf8", timeout: 10_000 });
  const version = /server v=(\d+)\.(\d+)/.exec(stdout ?? "");
  if (version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1]);
}

/** The first try fails, as it should quietly, where the package lists are missing or old, as in most images. */
function installRedisTools(): void {
  const install = ["install", "-y", "-qq", "--no-install-recommends", "redis-tools"];
  if (!runApt(install, "ignore")) void (runApt(["update", "-qq"], "inherit") && runApt(install, "inherit"));
}

function runApt(args: readonly string[], errors: "ignore" | "inherit"): boolean {
  const { status } = spawnSync("apt-get", args, {
    stdio: ["ignore", "ignore", errors],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return status === 0;
}

/** The shell command that installs a Redis here. */
export function installCommand(platform: string = process.platform, osRelease: string = readOsRelease()): string {
  if (platform === "darwin") return "brew install redis";
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) => match[1]?.split(" ") ?? []);
  if (ids.some((id) => id === "debian" || id === "ubuntu")) return "sudo apt-get install -y redis-tools";
  if (ids.some((id) => id === "fedora" || id === "rhel" || id === "centos")) return "sudo dnf install -y valkey";
  if (ids.includes("alpine")) return "apk add valkey";
  if (ids.includes("arch")) return "sudo pacman -S --noconfirm valkey";
  return "docker run -d -p 6379:6379 redis:8 redis-server --appendonly yes --maxmemory-policy noeviction --hz 100";
}

function readOsRelease(): string {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    return "";
  }
}
