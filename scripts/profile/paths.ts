/**
 * Scheduling and publishing under the benchmark's load, twice each: once for the processor time of every part, and once
 * with a profiler in the process that is looked into, which costs time of its own.
 */
import path from "node:path";
import { startInstallation, type Installation } from "../bench/installation.ts";
import type { LoadReport } from "../bench/load.ts";
import { during } from "../bench/measure.ts";
import type { ProfilerQuestion } from "../bench/profiler.ts";
import type { ShippedProcess } from "../bench/program.ts";
import { runRound, startPunctual, warmUp } from "../bench/publishing.ts";
import type { Stage } from "../bench/stage.ts";
import { watchProcessors, type ProcessorTime } from "./processor-time.ts";

export interface ProfiledPath {
  /** Where its `.cpuprofile` is. */
  profile: string;
  processorTime: ProcessorTime;
}

const imports = ["scripts/bench/profiler.ts"];

/** One post a request, as the measure `scheduling` does it. */
export function profileScheduling(stage: Stage, directory: string): Promise<ProfiledPath> {
  return during(
    () => startInstallation(stage, { workers: 0, imports }),
    async (installation) => {
      const { warmUpMs, durationMs } = stage.sizes.scheduling;
      await load(stage, installation, warmUpMs);
      const watched = watchProcessors(stage, installation);
      const { requests } = await load(stage, installation, durationMs);
      const processorTime = watched(requests);
      const profile = path.join(directory, "scheduling-api.cpuprofile");
      await profiled(installation.api, profile, () => load(stage, installation, durationMs));
      return { profile, processorTime };
    },
  );
}

/** Many posts due at one instant, as the measure `drain` does it; the profile is of one worker. */
export function profilePublishing(stage: Stage, directory: string): Promise<ProfiledPath> {
  return during(
    () => startPunctual(stage, { imports }),
    async (side) => {
      const [worker] = side.workers;
      if (worker === undefined) throw new Error("there is no worker");
      const count = stage.sizes.drain.posts;
      const drain = (watch: (goOut: () => Promise<void>) => Promise<void>) =>
        runRound(stage, side, {
          delayMs: 0,
          count,
          instants: (fromMs) => Array.from({ length: count }, () => Math.ceil(fromMs)),
          watch,
        });
      await warmUp(stage, side);
      let processorTime: ProcessorTime = null;
      await drain(async (goOut) => {
        const watched = watchProcessors(stage, side);
        await goOut();
        processorTime = watched(count);
      });
      const profile = path.join(directory, "publishing-worker.cpuprofile");
      await drain((goOut) => profiled(worker, profile, goOut));
      return { profile, processorTime };
    },
  );
}

function load(stage: Stage, { url, tenant }: Installation, ms: number): Promise<LoadReport> {
  const { apiKey, socialAccountId } = tenant;
  const { connections } = stage.sizes.scheduling;
  return stage.load.ask<LoadReport>({
    kind: "schedule",
    url,
    apiKey,
    socialAccountId,
    connections,
    bulk: null,
    warmUp: { requests: 0 },
    measured: { ms },
  });
}

async function profiled(process: ShippedProcess, file: string, work: () => Promise<unknown>): Promise<void> {
  const ask = (question: ProfilerQuestion) => process.ask(question);
  await ask({ kind: "startProfile" });
  await work();
  await ask({ kind: "writeProfile", file });
}
