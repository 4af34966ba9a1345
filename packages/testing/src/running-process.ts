/**
 * Who a process id belongs to. Ids are used again, so a number in a file is never enough: a process is the one we
 * meant only if it started when ours did, or if its command line names our own directory.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process for good: the id and when it started, in the system's own notation. */
export interface ProcessIdentity {
  pid: number;
  startedAt: string;
}

/** Null if no such process runs. A zombie counts as gone. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const startedAt = process.platform === "linux" ? startTicks(pid) : askPs(pid, "lstart=");
  return startedAt === null ? null : { pid, startedAt };
}

export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  return identifyProcess(pid)?.startedAt === startedAt;
}

/** The command line, arguments separated by spaces; null if no such process runs. */
export function commandLine(pid: number): string | null {
  if (process.platform !== "linux") return askPs(pid, "args=");
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() || null;
  } catch {
    return null;
  }
}

/**
 * Sends the signals in order, each with its own time to work, until the process is gone.
 *
 * @returns whether it is gone
 */
export async function endProcess(
  identity: ProcessIdentity,
  steps: readonly { signal: NodeJS.Signals; waitMs: number }[],
): Promise<boolean> {
  for (const { signal, waitMs } of steps) {
    if (!isRunning(identity)) return true;
    try {
      process.kill(identity.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    const deadline = performance.now() + waitMs;
    while (performance.now() < deadline) {
      if (!isRunning(identity)) return true;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return !isRunning(identity);
}

/** Field 22 of /proc/<pid>/stat; the name in field 2 may hold anything, so counting starts behind it. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function askPs(pid: number, column: string): string | null {
  try {
    const answer = execFileSync("ps", ["-o", column, "-p", String(pid)], { stdio: ["ignore", "pipe", "ignore"] });
    return answer.toString().trim() || null;
  } catch {
    return null;
  }
}
