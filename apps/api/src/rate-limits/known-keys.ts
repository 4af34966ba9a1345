/**
 * Keys that worked lately, by their hashes. Two things follow for one that comes again: it is not refused for the wrong
 * keys of others at its address, and if it has no requests left it is refused without asking Postgres. Whether it still
 * works is asked of Postgres every other time.
 */
import { createHash } from "node:crypto";

export interface KnownKeys {
  /** The key's id; null if it is not known. */
  idOf(key: string): string | null;
  /** It worked. */
  note(key: string, apiKeyId: string): void;
  /** It works no more. */
  forget(key: string): void;
}

/** @param keysMax the one that was quiet longest is forgotten first */
export function createKnownKeys(keysMax: number): KnownKeys {
  const ids = new Map<string, string>();
  return {
    idOf: (key) => ids.get(digest(key)) ?? null,
    note(key, apiKeyId) {
      const hash = digest(key);
      ids.delete(hash);
      ids.set(hash, apiKeyId);
      if (ids.size > keysMax) ids.delete(ids.keys().next().value as string);
    },
    forget: (key) => void ids.delete(digest(key)),
  };
}

/** Of 256 random bits, so looking it up in a table tells an attacker nothing by its timing. */
function digest(key: string): string {
  return createHash("sha256").update(key).digest("base64");
}
