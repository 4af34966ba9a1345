/**
 * Publishing, seen from the receiver: how late posts at random instants arrive, and how fast many go out that are due at
 * one instant. Both with a receiver that answers at once and with one that takes its time, as social networks do. One
 * part after another on the same workers, which have published before.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Figures } from "../comparison.ts";
import { during, type Measure, type PartFigures } from "../measure.ts";
import { runRound, startBare, startPunctual, warmUp, type Publishing } from "../publishing.ts";
import { percentile } from "../statistics.ts";
import type { Stage } from "../stage.ts";

type Part = (stage: Stage, side: Publishing) => Promise<Figures>;

/** What disturbs others most comes last. */
const parts: Readonly<Record<string, Part>> = {
  lateness: (stage, side) => pace(stage, side, { ...stage.sizes.lateness, delayMs: 0 }),
  "lateness-busy": (stage, side) => pace(stage, side, { ...stage.sizes.latenessBusy, delayMs: 100 }),
  drain: (stage, side) => drain(stage, side, 0),
  "drain-slow": (stage, side) => drain(stage, side, 50),
};

/** For what follows a round at leisure, such as adding up statistics. */
const restMs = 1_000;

export const publishing: Measure = {
  parts: Object.keys(parts),
  async open(stage, wanted) {
    const run = (start: (stage: Stage) => Promise<Publishing>) =>
      during(
        () => start(stage),
        async (side): Promise<PartFigures> => {
          await warmUp(stage, side);
          const figures: Record<string, Figures> = {};
          for (const [name, part] of Object.entries(parts)) {
            if (!wanted.includes(name)) continue;
            await pause(restMs);
            figures[name] = await part(stage, side);
          }
          return figures;
        },
      );
    return { sides: { punctual: () => run(startPunctual), bare: () => run(startBare) }, async close() {} };
  },
};

/** Posts at random instants: how late each one arrives. */
async function pace(
  stage: Stage,
  side: Publishing,
  { perSecond, seconds, delayMs }: { perSecond: number; seconds: number; delayMs: number },
): Promise<Figures> {
  const count = perSecond * seconds;
  const { dueAtMs, arrivedAtMs } = await runRound(stage, side, {
    delayMs,
    count,
    instants: (fromMs) => Array.from({ length: count }, () => Math.ceil(fromMs + Math.random() * seconds * 1_000)),
  });
  const sorted = arrivedAtMs.map((atMs, index) => atMs - (dueAtMs[index] ?? 0)).toSorted((a, b) => a - b);
  const [earliestMs = 0] = sorted;
  return {
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? 0,
    earliestMs,
  };
}

/** Many posts due at one instant: how fast they go out, from that instant to the last arrival. */
async function drain(stage: Stage, side: Publishing, delayMs: number): Promise<Figures> {
  const count = stage.sizes.drain.posts;
  const { dueAtMs, arrivedAtMs, receiverCpuMs } = await runRound(stage, side, {
    delayMs,
    count,
    instants: (fromMs) => Array.from({ length: count }, () => Math.ceil(fromMs)),
  });
  const dueAt = dueAtMs[0] ?? 0;
  const sorted = arrivedAtMs.map((atMs) => atMs - dueAt).toSorted((a, b) => a - b);
  const lastMs = sorted.at(-1) ?? 0;
  return {
    perSecond: (count * 1_000) / lastMs,
    firstMs: sorted[0] ?? 0,
    p50Ms: percentile(sorted, 0.5),
    lastMs,
    receiverCpuPercent: (100 * receiverCpuMs) / lastMs,
  };
}
