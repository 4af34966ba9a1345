import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { identifyProcess } from "@punctual/testing";
import { expect, onTestFinished, test } from "vitest";
import { takeStartLock } from "./start-lock.ts";

function directory(): string {
  const made = mkdtempSync(path.join(tmpdir(), "punctual-lock-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

test("a second start is refused while the first holds the lock, and may go on after it", () => {
  const data = directory();
  const giveBack = takeStartLock(data);
  expect(() => takeStartLock(data)).toThrow(`Punctual already runs on ${data} (pid ${process.pid})`);
  giveBack();
  takeStartLock(data)();
  expect(readdirSync(data)).toEqual([]);
});

test("a lock whose holder was killed holds nobody up", async () => {
  const data = directory();
  const holder = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await once(holder, "spawn");
  writeFileSync(path.join(data, "start.lock"), JSON.stringify(identifyProcess(holder.pid ?? -1)));
  expect(() => takeStartLock(data)).toThrow(/already runs/);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  takeStartLock(data)();
});

test("a lock whose process id went to a stranger holds nobody up", () => {
  const data = directory();
  writeFileSync(path.join(data, "start.lock"), JSON.stringify({ pid: process.pid, startedAt: "long ago" }));
  expect(() => takeStartLock(data)()).not.toThrow();
});

test("a lock that cannot be read holds nobody up", () => {
  const data = directory();
  writeFileSync(path.join(data, "start.lock"), '{"pid": 12');
  expect(() => takeStartLock(data)()).not.toThrow();
});

test("of many starts at the same moment over a stale lock, one gets it", async () => {
  const data = directory();
  writeFileSync(path.join(data, "start.lock"), JSON.stringify({ pid: 1, startedAt: "long ago" }));
  const program = `
    import { takeStartLock } from ${JSON.stringify(new URL("./start-lock.ts", import.meta.url).href)};
    const alive = setInterval(() => {}, 1_000);
    process.once("message", () => {
      try {
        takeStartLock(process.argv[1]);
        process.send("taken");
      } catch (error) {
        process.send(error.message);
      }
    });
    process.send("ready");`;
  const starts = Array.from({ length: 5 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", program, data], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    }),
  );
  onTestFinished(() => starts.forEach((start) => start.kill("SIGKILL")));
  await Promise.all(starts.map((start) => once(start, "message")));
  const answers = Promise.all(starts.map(async (start) => String((await once(start, "message"))[0])));
  for (const start of starts) start.send("go");
  const taken = (await answers).filter((answer) => answer === "taken");
  expect(taken).toHaveLength(1);
  expect(existsSync(path.join(data, "start.lock"))).toBe(true);
});
