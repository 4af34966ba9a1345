/**
 * Who is working under an Idempotency-Key right now. The statement that accepts posts takes the key's lock before it
 * looks at the clock, and holds it until its answer is stored. So a repeat that is about to be refused can wait for the
 * first request and give its answer, instead of a refusal that would contradict it.
 */
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { IdempotencyScope } from "./idempotency-record.ts";
import { isLockTimeout } from "./unavailable.ts";

/** The number under which the key's lock is taken. Two keys that share one wait for each other, and nothing more. */
export function keyLock(companyId: string, scope: IdempotencyScope): Prisma.Sql {
  return Prisma.sql`hashtextextended(${keyLockName(companyId, scope)}, 0)`;
}

/** Hashed, it is that number. */
export function keyLockName(companyId: string, { path, key }: IdempotencyScope): string {
  return `${companyId} ${path} ${key}`;
}

/**
 * Waits until nobody is accepting posts under the key.
 *
 * @param waitMs at most
 * @returns whether it came to that
 */
export async function waitForKey(
  database: Database,
  { companyId, waitMs, ...scope }: IdempotencyScope & { companyId: string; waitMs: number },
): Promise<boolean> {
  try {
    await database.prisma.$transaction([
      database.prisma.$executeRaw`SELECT set_config('lock_timeout', ${`${waitMs}ms`}, true)`,
      database.prisma.$executeRaw`SELECT pg_advisory_xact_lock_shared(${keyLock(companyId, scope)})`,
    ]);
    return true;
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  }
}
