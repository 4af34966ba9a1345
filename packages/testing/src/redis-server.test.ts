import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startRedis, stopLeftoverRedis, type RedisOptions } from "./redis-server.ts";
import { endProcess, identifyProcess, isRunning } from "./running-process.ts";
import type { LocalServer } from "./server-process.ts";
import { until } from "./until.ts";

function options(overrides: Partial<RedisOptions> = {}): RedisOptions {
  const directory = mkdtempSync(path.join(tmpdir(), "punctual redis-"));
  onTestFinished(() => rmSync(directory, { recursive: true, maxRetries: 20, retryDelay: 50 }));
  return {
    directory,
    logFile: path.join(directory, "log"),
    port: 0,
    password: "a-password",
    databases: 4,
    persistent: true,
    ...overrides,
  };
}

async function start(given: RedisOptions): Promise<LocalServer> {
  const server = await startRedis(given);
  onTestFinished(() => server.stop());
  return server;
}

/** Sends inline commands on one connection and reads until that many lines came back. */
function ask({ port }: LocalServer, commands: readonly string[], lines: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(commands.map((command) => `${command}\r\n`).join("")));
    socket.on("data", (chunk) => {
      answer += chunk.toString();
      const received = answer.split("\r\n").slice(0, -1);
      if (received.length < lines) return;
      socket.destroy();
      resolve(received);
    });
    socket.on("error", reject);
  });
}

const login = "AUTH a-password";

test("it never evicts, writes its file, notices due jobs quickly, and asks for the password", async () => {
  const server = await start(options());
  const settings = ["maxmemory-policy", "appendonly", "appendfsync", "hz", "bind", "databases"];
  const answer = await ask(server, [login, ...settings.map((name) => `CONFIG GET ${name}`)], 1 + settings.length * 5);
  const values = settings.map((_, index) => answer[5 + index * 5]);
  expect(values).toEqual(["noeviction", "yes", "everysec", "100", "127.0.0.1", "4"]);
  expect((await ask(server, ["PING"], 1))[0]).toMatch(/^-NOAUTH/);
});

test("what it was told is there again after a restart, if it is to be kept", async () => {
  const given = options();
  const first = await start(given);
  expect(await ask(first, [login, "SET kept 42"], 2)).toEqual(["+OK", "+OK"]);
  await first.stop();
  const second = await start(given);
  expect(await ask(second, [login, "GET kept"], 3)).toEqual(["+OK", "$2", "42"]);
});

test("a server whose starter was killed is ended before the next one starts", async () => {
  const given = options();
  const orphan = await start(given);
  const next = await start(given);
  expect(isRunning(orphan.identity)).toBe(false);
  expect(await ask(next, [login, "PING"], 2)).toEqual(["+OK", "+PONG"]);
});

test("a process that merely got the number of a dead server is left alone", async () => {
  const given = options();
  const server = await start(given);
  await endProcess(server.identity, [{ signal: "SIGKILL", waitMs: 5_000 }]);
  const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  onTestFinished(() => void stranger.kill("SIGKILL"));
  const identity = await until("the stranger runs", async () => identifyProcess(stranger.pid ?? -1));
  writeFileSync(path.join(given.directory, "redis.pid"), String(stranger.pid));
  expect(await stopLeftoverRedis(given.directory)).toBe(false);
  expect(isRunning(identity)).toBe(true);
});

test("a taken port is named", async () => {
  const blocker = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void blocker.close());
  const { port } = blocker.address() as AddressInfo;
  await expect(startRedis(options({ port }))).rejects.toThrow(`Redis did not start on port ${port}`);
});
