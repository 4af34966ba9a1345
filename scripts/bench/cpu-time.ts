/**
 * Whether anything but the measurement kept the machine busy. What the processors did is compared with what this
 * process and all its descendants did, Postgres and Redis among them; the rest was somebody else's, and so is what the
 * hypervisor took. The kernel knows both on Linux only.
 */
import { readdirSync, readFileSync } from "node:fs";

/** One look; differences of two mean something. Times in milliseconds, of all processors together. */
export interface CpuReading {
  /** By the monotonic clock. */
  atMs: number;
  /** Spent in programs and in the kernel for them. */
  busyMs: number;
  /** Taken away by the hypervisor. */
  stolenMs: number;
  /** Spent by this process and its descendants, those included that have ended. */
  ownMs: number;
}

/** Ticks of the kernel's clock in a second, as Linux tells times in. */
const ticksPerSecond = 100;
const msOf = (ticks: number) => (ticks * 1_000) / ticksPerSecond;

/** From this share of the machine on, somebody else's work has disturbed a measurement. */
export const disturbingShare = 0.05;

/** Null where there is no /proc. */
export function readCpuTime(): CpuReading | null {
  if (process.platform !== "linux") return null;
  const total = parseTotal(readFileSync("/proc/stat", "utf8"));
  return { atMs: performance.now(), ...total, ownMs: treeMs(process.pid, readProcesses()) };
}

/** CPU time of processes alone, in milliseconds. Null where there is no /proc. */
export function cpuMsOf(pids: readonly number[]): number | null {
  if (process.platform !== "linux") return null;
  return pids.reduce((sum, pid) => sum + (readProcess(pid)?.ownMs ?? 0), 0);
}

/** CPU time of a process with all that descend from it, in milliseconds. Null where there is no /proc. */
export function cpuMsOfTree(pid: number): number | null {
  return process.platform === "linux" ? treeMs(pid, readProcesses()) : null;
}

/** Resident memory of a process, in bytes. Null where there is no /proc. */
export function residentBytesOf(pid: number): number | null {
  if (process.platform !== "linux") return null;
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return kib === undefined ? null : Number(kib) * 1_024;
}

/**
 * The share of the machine that others used between two looks, from 0 to 1. The kernel samples the whole and measures
 * the parts, so over a fraction of a second this is a guess.
 */
export function otherWorkShare(before: CpuReading, after: CpuReading, processors: number): number {
  const spent = (name: keyof CpuReading) => after[name] - before[name];
  const others = spent("busyMs") - spent("ownMs") + spent("stolenMs");
  return Math.min(1, Math.max(0, others / (spent("atMs") * processors)));
}

interface ProcessTimes {
  parent: number;
  /** Without its children's. */
  ownMs: number;
  /** Of children that have ended and were waited for, and theirs. */
  endedChildrenMs: number;
}

/** A process that ends passes its time on to its parent, so the sum over a tree never falls. */
export function treeMs(root: number, processes: ReadonlyMap<number, ProcessTimes>): number {
  const isOurs = (pid: number, depth = 0): boolean => {
    if (pid === root) return true;
    const parent = processes.get(pid)?.parent;
    return parent !== undefined && depth < processes.size && isOurs(parent, depth + 1);
  };
  let sum = 0;
  for (const [pid, { ownMs, endedChildrenMs }] of processes) if (isOurs(pid)) sum += ownMs + endedChildrenMs;
  return sum;
}

function readProcesses(): Map<number, ProcessTimes> {
  const processes = new Map<number, ProcessTimes>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const times = Number.isInteger(pid) ? readProcess(pid) : null;
    if (times !== null) processes.set(pid, times);
  }
  return processes;
}

function readProcess(pid: number): ProcessTimes | null {
  try {
    return parseProcess(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return null; // It has ended meanwhile.
  }
}

/** The name in field 2 may hold anything, so counting starts behind it, with field 3. */
export function parseProcess(stat: string): ProcessTimes {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  return { parent: field(4), ownMs: msOf(field(14) + field(15)), endedChildrenMs: msOf(field(16) + field(17)) };
}

/** The first line: user, nice, system, idle, iowait, irq, softirq, steal. Interrupts are nobody's work. */
export function parseTotal(stat: string): { busyMs: number; stolenMs: number } {
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? "")
    .split(" ")
    .map(Number);
  return { busyMs: msOf(user + nice + system), stolenMs: msOf(steal) };
}
