/** On what it was measured: without that, figures are worth nothing to anybody else. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem, type as systemType } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { otherWorkShare, readCpuTime } from "./cpu-time.ts";
import type { Stage } from "./stage.ts";

export interface Machine {
  processors: number;
  processor: string;
  memoryGib: number;
  system: string;
  versions: Record<string, string>;
  /** What was measured; null outside of a checkout. */
  commit: string | null;
}

const root = new URL("../../", import.meta.url);

export async function describeMachine({ admin, redis }: Stage): Promise<Machine> {
  const [postgres] = await admin.prisma.$queryRaw<
    { version: string }[]
  >`SELECT current_setting('server_version') AS version`;
  const redisVersion = /^redis_version:(\S+)/m.exec(await redis.info("server"))?.[1];
  return {
    processors: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${systemType()} ${release()}`,
    versions: {
      node: process.versions.node,
      postgres: postgres?.version ?? "unknown",
      redis: redisVersion ?? "unknown",
      ...Object.fromEntries(
        Object.entries({
          bullmq: "queue",
          ioredis: "queue",
          fastify: "api",
          "@prisma/client": "db",
          undici: "platforms",
        }).map(([library, owner]) => [library, dependency(owner, library)]),
      ),
    },
    commit: commit(),
  };
}

export function formatMachine({ processors, processor, memoryGib, system, versions, commit }: Machine): string {
  const all = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${processors} processors (${processor}), ${memoryGib} GiB, ${system}`,
    all.join(", "),
    ...(commit === null ? [] : [`commit ${commit}`]),
  ].join("\n");
}

/** The share of the machine that is in use although we do nothing; null: nobody knows. */
export async function lookForOtherWork(ms: number): Promise<{ share: number | null; load: number }> {
  const before = readCpuTime();
  await pause(ms);
  const after = readCpuTime();
  const known = before !== null && after !== null;
  return { share: known ? otherWorkShare(before, after, availableParallelism()) : null, load: loadavg()[0] ?? 0 };
}

function dependency(owner: string, library: string): string {
  const folder = owner === "api" ? `apps/${owner}` : `packages/${owner}`;
  const manifest = JSON.parse(readFileSync(new URL(`${folder}/package.json`, root), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return manifest.dependencies[library] ?? "unknown";
}

function commit(): string | null {
  try {
    const git = (...args: string[]) =>
      execFileSync("git", args, { cwd: fileURLToPath(root), stdio: ["ignore", "pipe", "ignore"] })
        .toString()
        .trim();
    const changed = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : " with changes";
    return `${git("rev-parse", "--short", "HEAD")}${changed}`;
  } catch {
    return null;
  }
}
