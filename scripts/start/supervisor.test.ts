import { spawn } from "node:child_process";
import { once } from "node:events";
import { until } from "@punctual/testing";
import { expect, onTestFinished, test } from "vitest";
import { supervise, type Running } from "./supervisor.ts";

/** Launches real processes and remembers them. */
function launcher(program: string): { launch(): Promise<Running>; pids: number[]; said: string[] } {
  const pids: number[] = [];
  const said: string[] = [];
  const launch = async (): Promise<Running> => {
    const child = spawn(process.execPath, ["-e", program], { stdio: "ignore" });
    await once(child, "spawn");
    pids.push(child.pid ?? -1);
    onTestFinished(() => void child.kill("SIGKILL"));
    const exited = once(child, "exit").then(([code, signal]) => String(signal ?? code));
    const stop = async () => {
      child.kill("SIGTERM");
      await exited;
    };
    return { exited, stop, kill: () => void child.kill("SIGKILL") };
  };
  return { launch, pids, said };
}

const isAlive = (pid: number | undefined) => {
  try {
    return process.kill(pid ?? -1, 0);
  } catch {
    return false;
  }
};

test("a process that dies is started again, and said to be", async () => {
  const { launch, pids, said } = launcher("setInterval(() => {}, 1000)");
  const service = supervise({ name: "worker", launch, announce: (message) => said.push(message) });
  onTestFinished(() => service.stop());
  await service.start();
  process.kill(pids[0] ?? -1, "SIGKILL");
  await until("it runs again", async () => pids.length === 2 && isAlive(pids[1]));
  expect(said).toEqual(["worker died (SIGKILL); starting it again"]);
});

test("one that keeps dying is started with growing pauses", async () => {
  const { launch, pids, said } = launcher("process.exit(3)");
  const service = supervise({ name: "worker", launch, announce: (message) => said.push(message) });
  onTestFinished(() => service.stop());
  await service.start();
  await until("it died four times", async () => said.length >= 4);
  expect(said.slice(0, 4)).toEqual([
    "worker died (3); starting it again",
    "worker died (3); starting it again in 0.5 s",
    "worker died (3); starting it again in 1 s",
    "worker died (3); starting it again in 2 s",
  ]);
  expect(pids.length).toBeGreaterThanOrEqual(4);
});

test("one that was told to stop is not started again", async () => {
  const { launch, pids, said } = launcher("setInterval(() => {}, 1000)");
  const service = supervise({ name: "worker", launch, announce: (message) => said.push(message) });
  await service.start();
  await service.stop();
  await service.stop();
  expect(isAlive(pids[0])).toBe(false);
  expect({ starts: pids.length, said }).toEqual({ starts: 1, said: [] });
});

test("stopping while it waits to be started again ends the waiting", async () => {
  const { launch, pids, said } = launcher("process.exit(3)");
  const service = supervise({ name: "worker", launch, announce: (message) => said.push(message) });
  await service.start();
  await until("it waits a second", async () => said.includes("worker died (3); starting it again in 1 s"));
  const starts = pids.length;
  await service.stop();
  expect(pids).toHaveLength(starts);
});

test("a process that cannot be started is an error at first, and tried again later", async () => {
  const { launch, pids, said } = launcher("setInterval(() => {}, 1000)");
  let broken = true;
  const flaky = async () => {
    if (broken) throw new Error("no such program");
    return launch();
  };
  const service = supervise({ name: "api", launch: flaky, announce: (message) => said.push(message) });
  await expect(service.start()).rejects.toThrow("no such program");
  broken = false;
  await service.start();
  onTestFinished(() => service.stop());
  broken = true;
  process.kill(pids[0] ?? -1, "SIGKILL");
  await until("it failed to start again", async () => said.some((line) => line.startsWith("api did not start")));
  broken = false;
  await until("it runs again", async () => pids.length === 2);
  expect(said.slice(0, 2)).toEqual([
    "api died (SIGKILL); starting it again",
    "api did not start: no such program; starting it again in 0.5 s",
  ]);
});
