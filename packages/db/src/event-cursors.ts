/** How far each reader of the log of events has come that all processes share. */
import { eventLogStart, type EventPosition } from "@punctual/core";
import type { Database } from "./database.ts";

/** Made at the first look, from the start of the log: what there is may be older than the first look. */
export async function readEventCursor(database: Database, name: string): Promise<EventPosition> {
  const read = () => database.prisma.$queryRaw<EventPosition[]>`
    SELECT transaction_id::text AS "transactionId", sequence::text AS sequence FROM event_cursors WHERE name = ${name}`;
  const [cursor] = await read();
  if (cursor !== undefined) return cursor;
  await database.prisma.$executeRaw`
    INSERT INTO event_cursors (name, transaction_id, sequence)
    VALUES (${name}, ${eventLogStart.transactionId}::xid8, ${eventLogStart.sequence}::bigint)
    ON CONFLICT (name) DO NOTHING`;
  return (await read())[0] ?? eventLogStart;
}
