import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";

const modules = JSON.stringify(new URL("./index.ts", import.meta.url).href);

/** A program with one service that takes `stopMs` to stop; 0: none at all. */
async function launch(stopMs: number, graceMs: number): Promise<ChildProcess> {
  const program = `
    import { createLogger, runProcess } from ${modules};
    const alive = setInterval(() => {}, 1_000);
    const service = {
      start: async () => process.send("started"),
      stop: async () => ${stopMs} > 0 && new Promise((resolve) => setTimeout(resolve, ${stopMs})),
    };
    await runProcess({ logger: createLogger("test", "info"), services: [service], graceMs: ${graceMs} });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stdout?.resume();
  child.stderr?.resume();
  await once(child, "message");
  return child;
}

async function exit(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  return { code, signal };
}

test("told to stop, a process stops its services and exits 0", async () => {
  const child = await launch(0, 30_000);
  child.kill("SIGTERM");
  expect(await exit(child)).toEqual({ code: 0, signal: null });
});

test("a service that does not stop holds the process up no longer than the grace period", async () => {
  const child = await launch(600_000, 100);
  child.kill("SIGTERM");
  expect(await exit(child)).toEqual({ code: 1, signal: null });
});

test("a process stops when its supervisor is gone", async () => {
  const child = await launch(0, 30_000);
  child.disconnect();
  expect(await exit(child)).toEqual({ code: 0, signal: null });
});

test("a process whose log nobody reads any more still exits", async () => {
  const child = await launch(0, 30_000);
  child.stdout?.destroy();
  child.kill("SIGTERM");
  expect(await exit(child)).toEqual({ code: 0, signal: null });
});
