/** Joins posts to the trace of the request that accepted them, where traces are kept. */
import { linkToTrace, type Database } from "@punctual/db";
import type { Tracing } from "@punctual/runtime";

/** Never throws: a trace is worth no refusal. */
export async function joinTrace(
  { database, tracing }: { database: Database; tracing?: Tracing | undefined },
  postIds: readonly string[],
): Promise<void> {
  const traceParent = tracing?.current() ?? null;
  if (traceParent === null) return;
  await linkToTrace(database, { postIds, traceParent }).catch(() => {});
}
