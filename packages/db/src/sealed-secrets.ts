/**
 * Sealing what is stored under a new first key, while everything runs. Each value is replaced only if it is still the
 * one that was read: what is changed meanwhile was sealed by whoever changed it, and is looked at again.
 */
import type { Keyring } from "@punctual/runtime";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";

export interface ResealResult {
  /** Values that are sealed under the first key now and were not before. */
  resealed: number;
  /** Which values no key opens; they are left as they are. */
  unreadable: { table: string; column: string; id: string }[];
}

/** Rows read by one statement. */
const batchSizeMax = 500;
/** A value can change between our look and our change; that often in a row is a fault. */
const roundsMax = 10;

/** All columns that hold sealed values; each value is bound to the id of its row. */
const places = [
  { table: "social_accounts", column: "credentials" },
  { table: "webhook_endpoints", column: "secret" },
  { table: "webhook_endpoints", column: "previous_secret" },
  { table: "connections", column: "secrets" },
  { table: "platform_registrations", column: "registration" },
] as const;

/** Seals everything under the first key of the keyring that is not. Can be broken off and repeated at any time. */
export async function resealSecrets(database: Database, keyring: Keyring): Promise<ResealResult> {
  const result: ResealResult = { resealed: 0, unreadable: [] };
  for (const place of places) {
    const read = (afterId: string | null) => readBatch(database, place, afterId);
    for (let rows = await read(null); rows.length > 0; rows = await read(rows.at(-1)?.id ?? null)) {
      for (const row of rows) {
        const outcome = await resealRow(database, keyring, place, row);
        if (outcome === "resealed") result.resealed += 1;
        if (outcome === "unreadable") result.unreadable.push({ ...place, id: row.id });
      }
    }
  }
  return result;
}

type Place = (typeof places)[number];

interface SealedRow {
  id: string;
  sealed: string | null;
}

async function resealRow(
  database: Database,
  keyring: Keyring,
  place: Place,
  first: SealedRow,
): Promise<"current" | "resealed" | "unreadable"> {
  const { id } = first;
  let { sealed } = first;
  for (let round = 0; round < roundsMax; round += 1) {
    // Taken away meanwhile, as the secret before a rotation is, or that of a deleted endpoint.
    if (sealed === null || sealed === "" || keyring.isCurrent(sealed)) return "current";
    const plaintext = tryOpen(keyring, sealed, id);
    if (plaintext === null) return "unreadable";
    if (await replace(database, place, id, sealed, keyring.seal(plaintext, id))) return "resealed";
    sealed = await readOne(database, place, id);
  }
  throw new Error(`${place.table} ${id} changed under ${roundsMax} tries to seal its ${place.column} anew`);
}

function tryOpen(keyring: Keyring, sealed: string, context: string): string | null {
  try {
    return keyring.open(sealed, context);
  } catch {
    return null;
  }
}

/** Deleted endpoints have an empty secret, which there is nothing to seal of. */
function readBatch(database: Database, { table, column }: Place, afterId: string | null): Promise<SealedRow[]> {
  return database.prisma.$queryRaw<SealedRow[]>`
    SELECT id, ${Prisma.raw(column)} AS sealed FROM ${Prisma.raw(table)}
    WHERE ${Prisma.raw(column)} <> '' AND (${afterId}::uuid IS NULL OR id > ${afterId}::uuid)
    ORDER BY id LIMIT ${batchSizeMax}`;
}

async function readOne(database: Database, { table, column }: Place, id: string): Promise<string | null> {
  const [row] = await database.prisma.$queryRaw<SealedRow[]>`
    SELECT id, ${Prisma.raw(column)} AS sealed FROM ${Prisma.raw(table)} WHERE id = ${id}::uuid`;
  return row?.sealed ?? null;
}

async function replace(
  database: Database,
  { table, column }: Place,
  id: string,
  old: string,
  sealed: string,
): Promise<boolean> {
  const changed = await database.prisma.$executeRaw`
    UPDATE ${Prisma.raw(table)} SET ${Prisma.raw(column)} = ${sealed}
    WHERE id = ${id}::uuid AND ${Prisma.raw(column)} = ${old}`;
  return changed > 0;
}
