/**
 * A PgBouncer in front of a database, pooling by transaction: what one session set, another gets. Where there is no
 * such program tests behind it are skipped.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { takeFromDebian } from "./debian-program.ts";
import { freePort } from "./free-port.ts";
import { findInPath } from "./installed-program.ts";
import { until } from "./until.ts";

export interface PgbouncerProgram {
  command: string;
  environment: Readonly<Record<string, string>>;
}

export interface Pgbouncer {
  /** Lets in whoever comes; the database itself would not, by this URL's user. */
  url: string;
  /** How many statements it has passed on. */
  queries(): Promise<number>;
  stop(): Promise<void>;
}

const debian = {
  name: "pgbouncer",
  packages: ["libc-ares2", "libevent-2.1-7", "pgbouncer"],
  file: "usr/sbin/pgbouncer",
};
/** Fewer than an API and two workers open to it, so that they must share. */
const serversMax = 6;
const clientsMax = 200;

/** @returns null where there is none and none can be had */
export function findPgbouncer(): PgbouncerProgram | null {
  const installed = findInPath(["pgbouncer"], `${process.env.PATH ?? ""}:/usr/sbin`);
  if (installed !== null) return { command: installed, environment: {} };
  const root = takeFromDebian(debian);
  if (root === null) return null;
  const libraries = path.join(root, "usr", "lib");
  const places = readdirSync(libraries, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const searched = places.map(({ name }) => path.join(libraries, name)).join(":");
  const program = { command: path.join(root, debian.file), environment: { LD_LIBRARY_PATH: searched } };
  return spawnSync(program.command, ["--version"], { env: program.environment }).status === 0 ? program : null;
}

/** @throws if it does not take connections */
export async function startPgbouncer(program: PgbouncerProgram, databaseUrl: string): Promise<Pgbouncer> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const directory = mkdtempSync(path.join(tmpdir(), "punctual-pgbouncer-"));
  const ownPort = await freePort();
  const to = [
    `host=${hostname}`,
    `port=${port}`,
    `dbname=${pathname.slice(1)}`,
    `user=${decodeURIComponent(username)}`,
    `password=${decodeURIComponent(password)}`,
  ];
  const file = path.join(directory, "pgbouncer.ini");
  const settings = [
    "[databases]",
    `pooled = ${to.join(" ")}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${ownPort}`,
    "unix_socket_dir =",
    "auth_type = any",
    "pool_mode = transaction",
    `default_pool_size = ${serversMax}`,
    `max_client_conn = ${clientsMax}`,
    "admin_users = stranger",
  ];
  writeFileSync(file, `${settings.join("\n")}\n`, { mode: 0o600 });
  // It refuses to stay root.
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child = spawn(program.command, [...user, file], {
    stdio: "ignore",
    env: { PATH: process.env.PATH, ...program.environment },
  });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  process.once("exit", () => child.kill("SIGKILL"));
  const base = `postgres://stranger@127.0.0.1:${ownPort}`;

  async function ask<Row extends object>(database: string, query: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: `${base}/${database}` });
    try {
      await client.connect();
      return (await client.query<Row>(query)).rows;
    } finally {
      await client.end().catch(() => {});
    }
  }

  const stop = async () => {
    child.kill("SIGKILL");
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await until("PgBouncer to pass questions on", async () => (await ask("pooled", "SELECT 1")).length === 1);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `${base}/pooled`,
    async queries() {
      const rows = await ask<{ database: string; total_query_count: string }>("pgbouncer", "SHOW STATS");
      return Number(rows.find(({ database }) => database === "pooled")?.total_query_count ?? 0);
    },
    stop,
  };
}
