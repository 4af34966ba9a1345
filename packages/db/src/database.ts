/**
 * The connection to Postgres. Everything that reads or writes it goes through the Prisma client made here: plain
 * reads through its models, the statements that must be one statement through its raw queries.
 */
import type { Socket } from "node:net";
import { PrismaPg } from "@prisma/adapter-pg";
import type { Logger } from "@punctual/runtime";
import pg from "pg";
import { PrismaClient } from "./generated/client.ts";
import { statementNames } from "./statement-names.ts";
import { databaseSilence } from "./unavailable.ts";

export interface DatabaseOptions {
  url: string;
  /** Behind a transaction pooler: nothing may be set on the session, and nothing be prepared there. */
  pooled: boolean;
  /** Connections this process opens at most. */
  connectionsMax: number;
  /** Shown in pg_stat_activity. */
  applicationName: string;
}

/** The Prisma client plus its life. */
export interface Database {
  readonly prisma: PrismaClient;
  /** Resolves when Postgres answers, rejects when it does not. */
  ping(): Promise<void>;
  /** How its connections are used: who waits finds all of them busy. */
  connections(): { used: number; idle: number; waiting: number };
  close(): Promise<void>;
}

/** How long to wait for a connection, in milliseconds. */
const connectTimeoutMs = 5_000;
/**
 * How long an idle connection is kept, in milliseconds. Longer than maintenance leaves between two bursts, since a new one
 * costs both sides more than hundreds of statements and has nothing prepared.
 */
const idleTimeoutMs = 60_000;
/** A statement that runs longer is broken off by Postgres, in milliseconds. */
const statementTimeoutMs = 10_000;
/** The same from our side, for a connection on which nothing moves any more, in milliseconds. */
const answerTimeoutMs = 12_000;

export function openDatabase(options: DatabaseOptions, { logger }: { logger: Logger }): Database {
  const onError = (error: Error) => logger.warn({ err: error }, "a database connection broke");
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: idleTimeoutMs,
    keepAlive: true,
    application_name: options.applicationName,
    // Prisma reads an instant's digits and drops its offset, so it must be told in UTC; behind a pooler the
    // database itself must be set so, which `databaseFaults` checks.
    ...(options.pooled ? {} : { statement_timeout: statementTimeoutMs, options: "-c TimeZone=UTC" }),
  });
  dropForgottenConnections(pool);
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: true,
    onPoolError: onError,
    onConnectionError: onError,
    statementNameGenerator: options.pooled ? () => "" : statementNames(),
  });
  // Other formats look up where in our code each query was asked, in case it fails.
  const prisma = new PrismaClient({ adapter, errorFormat: "minimal" });
  return {
    prisma,
    ping: async () => void (await prisma.$queryRaw`SELECT 1`),
    connections: () => ({ used: pool.totalCount - pool.idleCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => prisma.$disconnect(),
  };
}

/**
 * Breaks off a connection that says nothing although it was asked, in the middle of a transaction, too. A firewall or a
 * failover that forgot one connection without a word forgot the others, too: those that are idle are given up with it,
 * or each would cost somebody the whole wait.
 *
 * pg's own `query_timeout` makes a timer for every statement, which costs a sixth of what pg can do.
 */
function dropForgottenConnections(pool: pg.Pool): void {
  pool.on("connect", (client) => {
    const stream = client.connection.stream as Socket;
    stream.setTimeout(answerTimeoutMs);
    // Again and again: it is told as well when nothing was asked for so long.
    stream.on("timeout", () => {
      if ((client as AskedClient).readyForQuery) return;
      stream.destroy(new Error(databaseSilence));
      void dropIdle(pool);
    });
  });
}

/** What its types leave out: false from a question to the end of its answer. */
type AskedClient = pg.PoolClient & { readonly readyForQuery: boolean };

async function dropIdle(pool: pg.Pool): Promise<void> {
  const taken = Array.from({ length: pool.idleCount }, async () => {
    const client = await pool.connect();
    // A polite end would wait for an answer, and whoever waits for a place in the pool would wait with it.
    client.connection.stream.destroy();
    client.release(true);
  });
  await Promise.allSettled(taken);
}
