import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { startPostgres, stopLeftoverPostgres, type PostgresOptions } from "./postgres-server.ts";
import { endProcess, identifyProcess, isRunning } from "./running-process.ts";
import type { LocalServer } from "./server-process.ts";

const isRoot = process.getuid?.() === 0;
const killNow = [{ signal: "SIGKILL", waitMs: 5_000 }] as const;

/** Options for a server in a directory of its own, removed after the test. */
function options(overrides: Partial<PostgresOptions> = {}): PostgresOptions {
  const directory = mkdtempSync(path.join(tmpdir(), "punctual-postgres-"));
  chmodSync(directory, 0o711);
  onTestFinished(() => rmSync(directory, { recursive: true, maxRetries: 20, retryDelay: 50 }));
  return {
    dataDirectory: path.join(directory, "data"),
    logFile: path.join(directory, "log"),
    port: 0,
    password: "a-password",
    database: "punctual",
    throwAway: true,
    ...overrides,
  };
}

async function start(given: PostgresOptions): Promise<LocalServer> {
  const server = await startPostgres(given);
  onTestFinished(() => server.stop());
  return server;
}

async function ask(url: string, query: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(query)).rows;
  } finally {
    await client.end();
  }
}

test("it syncs, takes connections on loopback only, and asks for the password", async () => {
  const server = await start(options());
  const [settings] = await ask(
    server.url,
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
            current_setting('listen_addresses') AS addresses, current_setting('unix_socket_directories') AS sockets`,
  );
  expect(settings).toEqual({ fsync: "on", commit: "on", addresses: "127.0.0.1", sockets: "" });
  await expect(ask(server.url.replace("a-password", "another"), "SELECT 1")).rejects.toThrow(/password/);
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  if (outside !== undefined) {
    await expect(ask(server.url.replace("127.0.0.1", outside.address), "SELECT 1")).rejects.toThrow(/ECONNREFUSED/);
  }
});

test("what was committed is there again after its process was killed", async () => {
  const given = options();
  const first = await start(given);
  await ask(first.url, "CREATE TABLE kept AS SELECT 42 AS answer");
  await endProcess(first.identity, killNow);
  const second = await start(given);
  expect(await ask(second.url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
});

test("a server whose starter was killed is ended before the next one starts", async () => {
  const given = options();
  const orphan = await start(given);
  const next = await start(given);
  expect(isRunning(orphan.identity)).toBe(false);
  expect(await ask(next.url, "SELECT 1 AS alive")).toEqual([{ alive: 1 }]);
});

test("a process that merely got the number of a dead server is left alone", async () => {
  const given = options();
  const server = await start(given);
  const pidFile = path.join(given.dataDirectory, "postmaster.pid");
  const lines = readFileSync(pidFile, "utf8").split("\n");
  await endProcess(server.identity, killNow);
  const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  onTestFinished(() => void stranger.kill("SIGKILL"));
  const identity = identifyProcess(stranger.pid ?? -1);
  writeFileSync(pidFile, [String(stranger.pid), ...lines.slice(1)].join("\n"));

  expect(await stopLeftoverPostgres(given.dataDirectory)).toBe(false);
  const next = await start(given);
  expect(await ask(next.url, "SELECT 1 AS alive")).toEqual([{ alive: 1 }]);
  expect(identity !== null && isRunning(identity)).toBe(true);
});

test("a data directory left half-made by a killed run is made anew", async () => {
  const given = options();
  mkdirSync(`${given.dataDirectory}.new`);
  writeFileSync(path.join(`${given.dataDirectory}.new`, "PG_VERSION"), "18\n");
  const server = await start(given);
  expect(await ask(server.url, "SELECT 1 AS alive")).toEqual([{ alive: 1 }]);
  expect(existsSync(`${given.dataDirectory}.new`)).toBe(false);
});

test("a taken port is named", async () => {
  const blocker = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void blocker.close());
  const { port } = blocker.address() as AddressInfo;
  await expect(startPostgres(options({ port }))).rejects.toThrow(`PostgreSQL did not start on port ${port}`);
});

test("a password other than the directory's is told from a broken server", async () => {
  const given = options();
  await (await start(given)).stop();
  await expect(startPostgres({ ...given, password: "lost" })).rejects.toThrow(
    /The password kept for .* is not the one/,
  );
});

test("a data directory of another PostgreSQL is refused in a sentence", async () => {
  const given = options();
  await (await start(given)).stop();
  writeFileSync(path.join(given.dataDirectory, "PG_VERSION"), "13\n");
  await expect(startPostgres(given)).rejects.toThrow(/was made by PostgreSQL 13 and this is 18/);
});

// Only root hands Postgres to another user.
test.runIf(isRoot && process.platform === "linux")("it runs below a directory that only root may enter", async () => {
  const given = options();
  const closed = path.dirname(given.dataDirectory);
  chmodSync(closed, 0o700);
  const server = await start(given);
  expect(await ask(server.url, "SELECT 1 AS alive")).toEqual([{ alive: 1 }]);
  const owner = readFileSync(`/proc/${server.identity.pid}/status`, "utf8");
  expect(owner).not.toMatch(/^Uid:\s+0\s/m);
});
