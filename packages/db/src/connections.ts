/**
 * Connecting accounts through the platforms' own log-ins: one row for each time somebody is sent to do so. What proves
 * who comes back is stored as a hash; each step forward names the state it expects, so none can be taken twice.
 */
import { createHash } from "node:crypto";
import type { Database } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { newId } from "./id.ts";

export type ConnectionStatus = "open" | "away" | "choosing" | "connecting" | "connected" | "cancelled" | "failed";

export interface ConnectionRecord {
  id: string;
  companyId: string;
  companyName: string;
  clientId: string | null;
  clientName: string | null;
  platform: string;
  sandbox: boolean;
  /** Where our own pages are, without a path. */
  baseUrl: string;
  returnUrl: string;
  status: ConnectionStatus;
  /** Sealed under the id; what is in it depends on the status. */
  secrets: string | null;
  /** Whether a browser went on with it. */
  taken: boolean;
  tries: number;
  message: string | null;
  /** The only account it may reconnect; null: whichever the user chooses is created or reconnected. */
  socialAccount: { id: string; name: string } | null;
  socialAccountIds: string[];
  expired: boolean;
  createdAt: Date;
  expiresAt: Date;
}

export interface NewConnection {
  companyId: string;
  clientId: string | null;
  platform: string;
  sandbox: boolean;
  /** The company's account that alone it may reconnect; left out: any. */
  socialAccountId?: string;
  baseUrl: string;
  returnUrl: string;
  /** What is in the link. */
  ticket: string;
  lifeMs: number;
}

/** Null if the company has no such client. */
export async function createConnection(
  database: Database,
  connection: NewConnection,
): Promise<{ id: string; expiresAt: Date } | null> {
  const { companyId, clientId, platform, sandbox, baseUrl, returnUrl, ticket, lifeMs } = connection;
  const [created] = await database.prisma.$queryRaw<{ id: string; expiresAt: Date }[]>`
    INSERT INTO connections
      (id, company_id, client_id, platform, sandbox, social_account_id, base_url, return_url, ticket_hash, expires_at)
    SELECT ${newId()}::uuid, ${companyId}::uuid, ${clientId}::uuid, ${platform}, ${sandbox}, ${connection.socialAccountId ?? null}::uuid,
           ${baseUrl}, ${returnUrl}, ${hash(ticket)}, app_now() + ${lifeMs} * interval '1 millisecond'
    WHERE ${clientId}::uuid IS NULL OR EXISTS (
      SELECT FROM clients WHERE id = ${clientId}::uuid AND company_id = ${companyId}::uuid AND deleted_at IS NULL)
    RETURNING id, expires_at AS "expiresAt"`;
  return created ?? null;
}

/** Null if the company has no such connection. */
export function findConnection(
  database: Database,
  { companyId, id }: { companyId: string; id: string },
): Promise<ConnectionRecord | null> {
  return readOne(database, Prisma.sql`connection.id = ${id}::uuid AND connection.company_id = ${companyId}::uuid`);
}

/** By what is in its link. */
export function findConnectionByTicket(database: Database, ticket: string): Promise<ConnectionRecord | null> {
  return readOne(database, Prisma.sql`connection.ticket_hash = ${hash(ticket)}`);
}

/** By its id, for the browser that went on with it. */
export function findConnectionOfBrowser(
  database: Database,
  { id, browser }: { id: string; browser: string },
): Promise<ConnectionRecord | null> {
  return readOne(database, Prisma.sql`connection.id = ${id}::uuid AND connection.browser_hash = ${hash(browser)}`);
}

/**
 * The user goes on from our first page: the connection belongs to this browser from now on, and a state that is still
 * out is worth nothing any more. False: it is another browser's, it ended or expired, or it was tried too often.
 */
export async function takeConnection(
  database: Database,
  { id, browser, triesMax }: { id: string; browser: string; triesMax: number },
): Promise<boolean> {
  const taken = await database.prisma.$executeRaw`
    UPDATE connections
    SET browser_hash = ${hash(browser)}, state_hash = NULL, secrets = NULL, status = 'open', tries = tries + 1,
        updated_at = app_now()
    WHERE id = ${id}::uuid AND status IN ('open', 'away', 'choosing') AND expires_at > app_now() AND tries < ${triesMax}
      AND (browser_hash IS NULL OR browser_hash = ${hash(browser)})`;
  return taken > 0;
}

/** The browser is sent to the platform. @param sent the state it must bring back, and what is needed then, sealed */
export async function sendAway(
  database: Database,
  { id, state, secrets }: { id: string; state: string; secrets: string },
): Promise<boolean> {
  const sent = await database.prisma.$executeRaw`
    UPDATE connections SET state_hash = ${hash(state)}, secrets = ${secrets}, status = 'away', updated_at = app_now()
    WHERE id = ${id}::uuid AND status = 'open' AND browser_hash IS NOT NULL AND expires_at > app_now()`;
  return sent > 0;
}

/** The browser came back: the state is spent. Null: it is unknown, spent, expired, another platform's or browser's. */
export async function spendState(
  database: Database,
  { platform, state, browser }: { platform: string; state: string; browser: string },
): Promise<ConnectionRecord | null> {
  const [spent] = await database.prisma.$queryRaw<{ id: string; secrets: string }[]>`
    UPDATE connections SET state_hash = NULL, updated_at = app_now()
    WHERE state_hash = ${hash(state)} AND platform = ${platform} AND browser_hash = ${hash(browser)}
      AND status = 'away' AND expires_at > app_now()
    RETURNING id`;
  return spent === undefined ? null : readOne(database, Prisma.sql`connection.id = ${spent.id}::uuid`);
}

/** The user has accounts to choose from. @param secrets the accounts, sealed */
export async function offerAccounts(
  database: Database,
  { id, secrets }: { id: string; secrets: string },
): Promise<boolean> {
  const offered = await database.prisma.$executeRaw`
    UPDATE connections SET status = 'choosing', secrets = ${secrets}, state_hash = NULL, updated_at = app_now()
    WHERE id = ${id}::uuid AND status IN ('open', 'away') AND browser_hash IS NOT NULL AND expires_at > app_now()`;
  return offered > 0;
}

/** The user chose; whoever comes second with a choice, does nothing. */
export async function startConnecting(database: Database, id: string): Promise<boolean> {
  const started = await database.prisma.$executeRaw`
    UPDATE connections SET status = 'connecting', updated_at = app_now()
    WHERE id = ${id}::uuid AND status = 'choosing' AND expires_at > app_now()`;
  return started > 0;
}

/** Ends it, and forgets what was secret. False: it had ended. */
export async function endConnection(
  database: Database,
  end: { id: string } & (
    | { status: "connected"; socialAccountIds: readonly string[] }
    | { status: "cancelled" }
    | { status: "failed"; message: string }
  ),
): Promise<boolean> {
  const message = end.status === "failed" ? end.message : null;
  const accounts = end.status === "connected" ? [...end.socialAccountIds] : [];
  const ended = await database.prisma.$executeRaw`
    UPDATE connections
    SET status = ${end.status}, message = ${message}, social_account_ids = ${accounts}::uuid[], secrets = NULL,
        state_hash = NULL, updated_at = app_now()
    WHERE id = ${end.id}::uuid AND status NOT IN ('connected', 'cancelled', 'failed')`;
  return ended > 0;
}

/** What ran out keeps no secret; what ran out long ago is forgotten. */
export async function pruneConnections(
  { prisma }: Database,
  { connectionHours }: { connectionHours: number },
  limit: number,
): Promise<void> {
  await prisma.$executeRaw`
    UPDATE connections SET secrets = NULL, state_hash = NULL
    WHERE secrets IS NOT NULL AND id IN (
      SELECT id FROM connections WHERE expires_at < app_now() AND secrets IS NOT NULL ORDER BY expires_at LIMIT ${limit})`;
  await prisma.$executeRaw`
    DELETE FROM connections WHERE id IN (
      SELECT id FROM connections WHERE expires_at < app_now() - ${connectionHours} * interval '1 hour'
      ORDER BY expires_at LIMIT ${limit})`;
}

async function readOne(database: Database, condition: Prisma.Sql): Promise<ConnectionRecord | null> {
  const [connection] = await database.prisma.$queryRaw<ConnectionRecord[]>`
    SELECT connection.id, connection.company_id AS "companyId", company.name AS "companyName",
           connection.client_id AS "clientId", client.name AS "clientName", connection.platform, connection.sandbox,
           connection.base_url AS "baseUrl", connection.return_url AS "returnUrl", connection.status, connection.secrets,
           connection.browser_hash IS NOT NULL AS taken, connection.tries, connection.message,
           CASE WHEN account.id IS NOT NULL THEN jsonb_build_object('id', account.id, 'name', account.name) END AS "socialAccount",
           connection.social_account_ids AS "socialAccountIds", connection.expires_at <= app_now() AS expired,
           connection.created_at AS "createdAt", connection.expires_at AS "expiresAt"
    FROM connections AS connection
    JOIN companies AS company ON company.id = connection.company_id
    LEFT JOIN clients AS client ON client.id = connection.client_id
    LEFT JOIN social_accounts AS account ON account.id = connection.social_account_id
    WHERE ${condition}`;
  return connection ?? null;
}

function hash(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(secret).digest());
}
