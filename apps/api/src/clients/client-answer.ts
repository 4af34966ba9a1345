/** Clients as API clients see them, with their accounts if those were asked for. */
import { listClientAccounts, type ClientRecord, type Database } from "@punctual/db";
import { toSocialAccountOut } from "../social-accounts/account-answer.ts";
import type { ClientOut, ClientQuery } from "./schemas.ts";

export async function toClientsOut(
  database: Database,
  companyId: string,
  clients: readonly ClientRecord[],
  { include }: ClientQuery,
): Promise<ClientOut[]> {
  if (include === undefined) return clients.map(toClientOut);
  const accounts = await listClientAccounts(database, { companyId, clientIds: clients.map(({ id }) => id) });
  const byClient = Map.groupBy(accounts, ({ clientId }) => clientId);
  return clients.map((client) => ({
    ...toClientOut(client),
    socialAccounts: (byClient.get(client.id) ?? []).map(toSocialAccountOut),
  }));
}

export function toClientOut({ id, name, createdAt, updatedAt }: ClientRecord): ClientOut {
  return { id, name, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}
