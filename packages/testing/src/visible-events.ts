/** For tests that read the log of events at once after writing to it. */
import type { SqlRunner } from "./test-post.ts";
import { until } from "./until.ts";

/**
 * An open transaction hides younger events, also one of another database of the same server, where other tests are at
 * work. Waits until nothing hides one.
 */
export async function untilEventsAreVisible({ sql }: SqlRunner): Promise<void> {
  const hidden = "SELECT FROM events WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot()) LIMIT 1";
  await until("the transactions older than the events to end", async () => (await sql(hidden)).length === 0);
}
