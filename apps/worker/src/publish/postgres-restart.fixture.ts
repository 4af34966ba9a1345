/**
 * Postgres as those feel it who are at a post while it restarts: their statement does not come through, their connection
 * breaks, and the next statement waits until it is over. The test says when each happens, not a clock.
 */
import { until, type TestEnvironment } from "@punctual/testing";

export interface PostgresRestart {
  /** A statement about posts waits; breaks its connection, and all others of the program. */
  breakConnections(): Promise<void>;
  /** From now on statements come through. */
  end(): Promise<void>;
  /** Somebody tries once more, on a new connection, and waits. */
  isTriedAgain(): Promise<void>;
}

/** What holds the table gives it free by itself after this long, so that a test that failed can be cleaned up. */
const heldMaxSeconds = 60;

export async function restartPostgres({ sql }: TestEnvironment): Promise<PostgresRestart> {
  await sql("CREATE TABLE IF NOT EXISTS restarting AS SELECT");
  await sql("INSERT INTO restarting DEFAULT VALUES");
  const over = sql(`DO $$ BEGIN
    LOCK TABLE posts IN ACCESS EXCLUSIVE MODE;
    FOR round IN 1..${heldMaxSeconds * 100} LOOP
      EXIT WHEN NOT EXISTS (SELECT FROM restarting);
      PERFORM pg_sleep(0.01);
    END LOOP;
  END $$`);
  const locks = (state: string) =>
    sql<{ pid: number }>(`SELECT pid FROM pg_locks WHERE relation = 'posts'::regclass AND ${state}`);
  await until("the table to be held", async () => (await locks("granted AND mode = 'AccessExclusiveLock'")).length > 0);
  let broken: number[] = [];
  return {
    async breakConnections() {
      broken = await until("a statement to wait", async () => {
        const waiting = await locks("NOT granted");
        return waiting.length > 0 && waiting.map(({ pid }) => pid);
      });
      await sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'punctual-test'`);
    },
    isTriedAgain: async () =>
      void (await until("another statement to wait", async () =>
        (await locks("NOT granted")).some(({ pid }) => !broken.includes(pid)),
      )),
    async end() {
      await sql("DELETE FROM restarting");
      await over;
    },
  };
}
