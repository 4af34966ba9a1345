/** Which commands Redis ran, from its own count. Those that its scripts call are among them. */
import type { Stage } from "./stage.ts";

/** By name, in small letters; this harness' own are left out. */
export type CommandCounts = Record<string, number>;

const ours = new Set(["config|resetstat", "info"]);

export async function countCommands({ redis }: Stage, work: () => Promise<unknown>): Promise<CommandCounts> {
  await redis.config("RESETSTAT");
  await work();
  const counts: CommandCounts = {};
  for (const [, name = "", calls] of (await redis.info("commandstats")).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)) {
    if (!ours.has(name)) counts[name] = Number(calls);
  }
  return counts;
}
