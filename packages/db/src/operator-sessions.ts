/** Who is logged in to the operators' pages. What the browser keeps is stored as a hash only. */
import type { Database } from "./database.ts";

export interface NewOperatorSession {
  tokenHash: Buffer<ArrayBuffer>;
  user: string;
  /** Tells whether the password is still the same; see the column. */
  passwordMark: string;
  /** Where the log-in came from. */
  address: string;
  lifetimeMs: number;
}

export interface OperatorSessionRecord {
  user: string;
  passwordMark: string;
  expiresAt: Date;
}

/** Begins a session, and forgets those that are over. */
export async function createOperatorSession(
  { prisma }: Database,
  { tokenHash, user, passwordMark, address, lifetimeMs }: NewOperatorSession,
): Promise<OperatorSessionRecord> {
  const [session] = await prisma.$queryRaw<[OperatorSessionRecord]>`
    WITH over AS (DELETE FROM operator_sessions WHERE expires_at <= app_now())
    INSERT INTO operator_sessions (token_hash, user_name, password_mark, address, expires_at)
    VALUES (${tokenHash}, ${user}, ${passwordMark}, ${address}, app_now() + ${lifetimeMs} * interval '1 millisecond')
    RETURNING user_name AS "user", password_mark AS "passwordMark", expires_at AS "expiresAt"`;
  return session;
}

/** Null if there is none, or it is over. */
export async function findOperatorSession(
  { prisma }: Database,
  tokenHash: Buffer<ArrayBuffer>,
): Promise<OperatorSessionRecord | null> {
  const [session] = await prisma.$queryRaw<OperatorSessionRecord[]>`
    SELECT user_name AS "user", password_mark AS "passwordMark", expires_at AS "expiresAt"
    FROM operator_sessions WHERE token_hash = ${tokenHash} AND expires_at > app_now()`;
  return session ?? null;
}

export async function endOperatorSession({ prisma }: Database, tokenHash: Buffer<ArrayBuffer>): Promise<void> {
  await prisma.$executeRaw`DELETE FROM operator_sessions WHERE token_hash = ${tokenHash}`;
}
