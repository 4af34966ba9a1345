/**
 * Sessions of the operators' pages. The browser keeps 256 random bits, the database their hash, so neither a backup nor
 * a log lets anybody in. A session ends by itself, by logging out, and when the password it began with is changed.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { createOperatorSession, endOperatorSession, findOperatorSession, type Database } from "@punctual/db";
import type { OperatorRole, OperatorUsers } from "./operator-users.ts";

export interface Session {
  user: string;
  role: OperatorRole;
  expiresAt: Date;
}

export interface Sessions {
  /** Begins a session of a user who has shown to be one. @param address where the log-in came from */
  begin(user: string, address: string): Promise<Session & { token: string }>;
  /** Null if there is no such session any more. */
  find(token: string): Promise<Session | null>;
  end(token: string): Promise<void>;
}

export const sessionLifetimeMs = 12 * 3_600_000;

export function createSessions({ database, users }: { database: Database; users: OperatorUsers }): Sessions {
  return {
    async begin(user, address) {
      const known = users.passwordOf(user);
      if (known === null) throw new Error(`there is no user ${user}`);
      const token = randomBytes(32).toString("base64url");
      const { expiresAt } = await createOperatorSession(database, {
        tokenHash: hash(token),
        user,
        passwordMark: mark(token, known.password),
        address,
        lifetimeMs: sessionLifetimeMs,
      });
      return { user, role: known.role, expiresAt, token };
    },
    async find(token) {
      const session = await findOperatorSession(database, hash(token));
      const known = session === null ? null : users.passwordOf(session.user);
      if (session === null || known === null) return null;
      const marks = [session.passwordMark, mark(token, known.password)].map((value) => Buffer.from(value));
      const samePassword = marks[0]!.length === marks[1]!.length && timingSafeEqual(marks[0]!, marks[1]!);
      return samePassword ? { user: session.user, role: known.role, expiresAt: session.expiresAt } : null;
    },
    end: (token) => endOperatorSession(database, hash(token)),
  };
}

function hash(token: string): Buffer<ArrayBuffer> {
  return createHash("sha256").update(token).digest();
}

function mark(token: string, password: string): string {
  return createHmac("sha256", token).update(password).digest("base64url");
}
