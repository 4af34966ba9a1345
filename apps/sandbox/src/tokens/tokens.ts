/**
 * The tokens that let somebody publish here. Any token does, until it is revoked: `sandbox.<handle>.<serial>` names
 * the account it is for, every other one stands for an account of its own. Revoking makes all tokens of a handle
 * invalid that were issued or seen so far; those issued later work.
 */
import { createHash } from "node:crypto";

export type TokenReading =
  | { kind: "valid"; handle: string; serial: number }
  | { kind: "revoked"; handle: string; serial: number };

export interface TokenSummary {
  platform: string;
  handle: string;
  /** The highest serial issued or seen. */
  issued: number;
  /** Tokens up to this serial are invalid; null if none is. */
  revokedThrough: number | null;
}

export interface Tokens {
  read(platform: string, token: string): TokenReading;
  /** A token that works, newer than all before. */
  issue(platform: string, handle: string): string;
  revoke(platform: string, handle: string): TokenSummary;
  list(): TokenSummary[];
  /** Forgets what was revoked and says of how many handles. */
  clear(): number;
}

export function createTokens({ handlesMax }: { handlesMax: number }): Tokens {
  const summaries = new Map<string, TokenSummary>();

  function summaryOf(platform: string, handle: string): TokenSummary {
    const name = `${platform}\n${handle}`;
    let summary = summaries.get(name);
    if (summary === undefined) {
      const [oldest] = summaries.keys();
      if (summaries.size >= handlesMax && oldest !== undefined) summaries.delete(oldest);
      summary = { platform, handle, issued: 0, revokedThrough: null };
      summaries.set(name, summary);
    }
    return summary;
  }

  return {
    read(platform, token) {
      const { handle, serial } = parseToken(token);
      const summary = summaryOf(platform, handle);
      summary.issued = Math.max(summary.issued, serial);
      const valid = summary.revokedThrough === null || serial > summary.revokedThrough;
      return { kind: valid ? "valid" : "revoked", handle, serial };
    },
    issue(platform, handle) {
      const summary = summaryOf(platform, handle);
      summary.issued = Math.max(summary.issued, summary.revokedThrough ?? 0) + 1;
      return `sandbox.${handle}.${summary.issued}`;
    },
    revoke(platform, handle) {
      const summary = summaryOf(platform, handle);
      // A first token may have been handed out elsewhere and not have been seen yet.
      summary.revokedThrough = Math.max(summary.issued, 1);
      return { ...summary };
    },
    list: () => [...summaries.values()].map((summary) => ({ ...summary })),
    clear() {
      const { size } = summaries;
      summaries.clear();
      return size;
    },
  };
}

/** Whom a token is for. */
export function parseToken(token: string): { handle: string; serial: number } {
  const [, handle, serial] = /^sandbox\.(.{1,200})\.(\d{1,12})$/.exec(token) ?? [];
  if (handle !== undefined) return { handle, serial: Number(serial) };
  return { handle: createHash("sha256").update(token).digest("hex").slice(0, 12), serial: 0 };
}
