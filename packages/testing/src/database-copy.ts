/** A copy of a test's database as it is at this moment: what a backup would hold. */
import pg from "pg";
import { until } from "./until.ts";

export interface DatabaseCopy {
  url: string;
  /** Runs SQL in the copy, past the program. */
  sql<Row extends object>(query: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Cuts whoever is connected to it. */
  drop(): Promise<void>;
}

/** @param databaseUrl whoever is connected there is cut */
export async function copyDatabase(databaseUrl: string, suffix: string): Promise<DatabaseCopy> {
  const from = new URL(databaseUrl).pathname.slice(1);
  const name = `${from}_${suffix}`;
  const urlOf = (database: string) => {
    const url = new URL(databaseUrl);
    url.pathname = `/${database}`;
    return url.href;
  };
  await asked(urlOf("postgres"), (client) =>
    until("nobody is connected any more", async () => {
      await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [from]);
      return client.query(`CREATE DATABASE ${name} TEMPLATE ${from}`);
    }),
  );
  return {
    url: urlOf(name),
    sql: async <Row extends object>(query: string, parameters: readonly unknown[] = []) =>
      (await asked(urlOf(name), (client) => client.query<Row>(query, [...parameters]))).rows,
    drop: async () =>
      void (await asked(urlOf("postgres"), (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))),
  };
}

async function asked<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
