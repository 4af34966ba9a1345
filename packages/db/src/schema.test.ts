/** The SQL migrations are the truth; here the Prisma schema and the comments are held to them. */
import { readFileSync } from "node:fs";
import {
  createTestBelongings,
  createTestEnvironment,
  insertTestDelivery,
  insertTestPost,
  type TestEnvironment,
} from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Prisma } from "./generated/client.ts";

interface Column {
  table: string;
  column: string;
  type: string;
  nullable: boolean;
}

/** Columns Prisma has no type for; they are only used in SQL. */
const sqlOnly = new Set(["events.transaction_id", "event_cursors.transaction_id", "event_horizons.transaction_id"]);

let env: TestEnvironment;

beforeAll(async () => {
  env = await createTestEnvironment();
});
afterAll(() => env.close());

function columnsOfDatabase(): Promise<Column[]> {
  return env.sql<Column>(`
    SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
      AND c.relname <> '_prisma_migrations'`);
}

test("the Prisma schema and the migrations name the same columns with the same types", async () => {
  const database = (await columnsOfDatabase()).filter(({ table, column }) => !sqlOnly.has(`${table}.${column}`));
  expect(lines(columnsOfPrismaSchema())).toEqual(lines(database));
});

test.each(Object.values(Prisma.ModelName))("Prisma can read %s", async (model) => {
  const name = `${model.charAt(0).toLowerCase()}${model.slice(1)}` as Uncapitalize<typeof model>;
  const delegate = env.database.prisma[name] as { findFirst(): Promise<unknown> };
  await expect(delegate.findFirst()).resolves.toBeNull();
});

test("no row can name what belongs to another company, whatever a program says", async () => {
  const mine = await createTestBelongings(env);
  const theirs = await createTestBelongings(env);
  const post = { companyId: mine.companyId, socialAccountId: mine.socialAccountId, clientId: mine.clientId };
  const link = (table: string, column: string, id: string) =>
    env.sql(`UPDATE ${table} SET ${column} = $1 WHERE company_id = $2`, [id, mine.companyId]);
  const tries = [
    () => insertTestPost(env, { ...post, companyId: theirs.companyId }),
    () => insertTestPost(env, { ...post, socialAccountId: theirs.socialAccountId }),
    () => insertTestPost(env, { ...post, clientId: theirs.clientId }),
    () => insertTestDelivery(env, { companyId: mine.companyId, endpointId: theirs.endpointId }),
    () => link("social_accounts", "client_id", theirs.clientId),
    () => link("posts", "social_account_id", theirs.socialAccountId),
    () => link("posts", "client_id", theirs.clientId),
    () => link("connections", "client_id", theirs.clientId),
    () => link("webhook_deliveries", "endpoint_id", theirs.endpointId),
  ];
  for (const attempt of tries) await expect(attempt()).rejects.toThrow(/violates foreign key constraint/);
  await insertTestPost(env, post);
});

test("every status and time column has a comment", async () => {
  const bare = await env.sql<{ name: string }>(`
    SELECT c.relname || '.' || a.attname AS name
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
      AND c.relname <> '_prisma_migrations'
      AND (a.atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype, 'interval'::regtype)
           OR a.attname ~ '(^|_)(status|state|phase|outcome|reason|time|paused)$')
      AND coalesce(trim(col_description(c.oid, a.attnum)), '') = ''`);
  expect(bare.map(({ name }) => name)).toEqual([]);
});

/** Reads schema.prisma: the generated client no longer tells columns and types. */
function columnsOfPrismaSchema(): Column[] {
  const schema = readFileSync(new URL("../../../prisma/schema.prisma", import.meta.url), "utf8");
  const models = [...schema.matchAll(/^model (\w+) \{\n(.*?)^\}/gms)];
  const names = new Set(models.map(([, name]) => name));
  return models.flatMap(([, , body = ""]) => {
    const table = /@@map\("(\w+)"\)/.exec(body)?.[1] ?? "";
    return [...body.matchAll(/^ {2}(\w+) +(\w+)(\[\])?(\?)?(.*)$/gm)]
      .filter(([, , type = ""]) => !names.has(type))
      .map(([, field = "", type = "", list, optional, attributes = ""]) => ({
        table,
        column: /@map\("(\w+)"\)/.exec(attributes)?.[1] ?? field,
        type: `${sqlType(type, attributes)}${list ?? ""}`,
        nullable: optional !== undefined,
      }));
  });
}

function sqlType(type: string, attributes: string): string {
  const precise = /@db\.(\w+)(?:\((\d+)\))?/.exec(attributes);
  if (precise?.[1] === "Timestamptz") return `timestamp(${precise[2]}) with time zone`;
  if (precise?.[1] !== undefined) return precise[1].toLowerCase();
  const plain: Record<string, string> = {
    String: "text",
    Int: "integer",
    BigInt: "bigint",
    Boolean: "boolean",
    Json: "jsonb",
    Bytes: "bytea",
    Float: "double precision",
  };
  return plain[type] ?? `unknown (${type})`;
}

function lines(columns: readonly Column[]): string[] {
  return columns
    .map(({ table, column, type, nullable }) => `${table}.${column} ${type}${nullable ? "" : " not null"}`)
    .toSorted();
}
