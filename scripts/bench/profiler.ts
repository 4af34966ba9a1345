/**
 * Loaded before one of Punctual's own processes: records where its processor time goes while it is told to, and not
 * from its start, so that loading the program does not hide what the program does.
 */
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { isMainThread } from "node:worker_threads";
import { answerParent } from "./parent.ts";

export type ProfilerQuestion =
  | { kind: "startProfile" }
  /** Ends it; it is in the file when this is answered. */
  | { kind: "writeProfile"; file: string };

const samplingIntervalUs = 250;

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
        writeFileSync(question.file, JSON.stringify(profile));
        return null;
      }
    }
  });
}
