/**
 * Loaded before one of Punctual's own processes: records where its processor time goes while it is told to, and not
 * from its start, so that loading the program does not hide what the program does.
 */
import { writeFileSync } from "node:fs";
import { Session, type Profiler } from "node:inspector/promises";
import { isMainThread } from "node:worker_threads";
import { answerParent } from "./parent.ts";

export type ProfilerQuestion =
  | { kind: "startProfile" }
  /** Ends it; it is in the file when this is answered. */
  | { kind: "writeProfile"; file: string };

const samplingIntervalUs = 250;

/** Starting and ending a profile takes long, and is nothing the program does. */
function withoutOurs(profile: Profiler.Profile): Profiler.Profile {
  const ours = new Set(profile.nodes.filter(({ callFrame }) => callFrame.url === "node:inspector").map(({ id }) => id));
  const { samples = [], timeDeltas = [] } = profile;
  const kept = samples.flatMap((id, index) => (ours.has(id) ? [] : [index]));
  return {
    ...profile,
    samples: kept.map((index) => samples[index] ?? 0),
    timeDeltas: kept.map((index) => timeDeltas[index] ?? 0),
  };
}

// A thread of the process has no parent to answer.
if (isMainThread) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: samplingIntervalUs });
  answerParent({}, async (question: ProfilerQuestion) => {
    switch (question.kind) {
      case "startProfile":
        await session.post("Profiler.start");
        return null;
      case "writeProfile": {
        const { profile } = await session.post("Profiler.stop");
        writeFileSync(question.file, JSON.stringify(withoutOurs(profile)));
        return null;
      }
    }
  });
}
