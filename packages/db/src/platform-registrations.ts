/** Our registrations at servers of platforms that have no one place to register at, sealed under their row's id. */
import type { Registrations } from "@punctual/core";
import type { Keyring } from "@punctual/runtime";
import type { Database } from "./database.ts";
import { newId } from "./id.ts";

/** Those of one platform. */
export function openRegistrations(
  { database, keyring }: { database: Database; keyring: Keyring },
  platform: string,
): Registrations {
  async function find(server: string): Promise<Record<string, string> | null> {
    const [row] = await database.prisma.$queryRaw<{ id: string; registration: string }[]>`
      SELECT id, registration FROM platform_registrations WHERE platform = ${platform} AND server = ${server}`;
    if (row === undefined) return null;
    try {
      return JSON.parse(keyring.open(row.registration, row.id)) as Record<string, string>;
    } catch {
      // No key opens it any more; registering anew is all it takes.
      await forget(server);
      return null;
    }
  }

  async function forget(server: string): Promise<void> {
    await database.prisma.$executeRaw`
      DELETE FROM platform_registrations WHERE platform = ${platform} AND server = ${server}`;
  }

  return {
    find,
    forget,
    async keep(server, registration) {
      const id = newId();
      const sealed = keyring.seal(JSON.stringify(registration), id);
      const kept = await database.prisma.$executeRaw`
        INSERT INTO platform_registrations (id, platform, server, registration)
        VALUES (${id}::uuid, ${platform}, ${server}, ${sealed})
        ON CONFLICT (platform, server) DO NOTHING`;
      return kept > 0 ? registration : ((await find(server)) ?? registration);
    },
  };
}
