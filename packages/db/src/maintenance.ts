/** What maintenance services remember between rounds and between processes. */
import type { Database } from "./database.ts";

/** The mark a queue should carry in Redis; null before the first. */
export async function queueEpoch(database: Database, queue: string): Promise<string | null> {
  const row = await database.prisma.queueEpoch.findUnique({ where: { queue }, select: { epoch: true } });
  return row?.epoch ?? null;
}

export async function setQueueEpoch(database: Database, queue: string, epoch: string): Promise<void> {
  await database.prisma.$executeRaw`
    INSERT INTO queue_epochs (queue, epoch) VALUES (${queue}, ${epoch})
    ON CONFLICT (queue) DO UPDATE SET epoch = excluded.epoch, updated_at = app_now()`;
}

/**
 * Takes or keeps a lease on work that one process at a time should do.
 *
 * @returns whether this holder has it now
 */
export async function takeMaintenanceLease(
  database: Database,
  { name, holder, leaseMs }: { name: string; holder: string; leaseMs: number },
): Promise<boolean> {
  const taken = await database.prisma.$executeRaw`
    INSERT INTO maintenance_leases (name, holder, until)
    VALUES (${name}, ${holder}, app_now() + ${leaseMs} * interval '1 millisecond')
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE maintenance_leases.holder = excluded.holder OR maintenance_leases.until < app_now()`;
  return taken === 1;
}
