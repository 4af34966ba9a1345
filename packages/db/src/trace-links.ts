/** The span that a post follows from, so that the attempt to publish it joins the trace of the request behind it. */
import type { Database } from "./database.ts";

/** @param traceParent as a W3C traceparent */
export async function linkToTrace(
  { prisma }: Database,
  { postIds, traceParent }: { postIds: readonly string[]; traceParent: string },
): Promise<void> {
  await prisma.$executeRaw`
    UPDATE posts SET trace_parent = ${traceParent} WHERE id = ANY (${[...postIds]}::uuid[])`;
}
