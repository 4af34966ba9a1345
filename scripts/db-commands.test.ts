import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { findApiKeyOwner, openDatabase } from "@punctual/db";
import { createTestEnvironment, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

let env: TestEnvironment;
let emptyUrl: string;
const emptyName = `empty_${randomBytes(6).toString("hex")}`;

beforeAll(async () => {
  env = await createTestEnvironment();
  await env.sql(`CREATE DATABASE ${emptyName}`);
  const url = new URL(env.databaseUrl);
  url.pathname = `/${emptyName}`;
  emptyUrl = url.href;
});
afterAll(async () => {
  await env.sql(`DROP DATABASE ${emptyName} WITH (FORCE)`);
  await env.close();
});

/** Runs a script the way package.json does, with nothing in its environment but this. */
function run(
  script: string,
  environment: Record<string, string>,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, ...environment } };
    execFile(process.execPath, [path.join(import.meta.dirname, script), ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test("db:migrate names what it applied, and the second time that nothing was left", async () => {
  const first = await run("db-migrate.ts", { DATABASE_URL: emptyUrl });
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toMatch(/^applied \d{14}_\w+\n(.*\n)*The database is up to date now \(\d+ applied\)\.\n$/);
  const second = await run("db-migrate.ts", { DATABASE_URL: emptyUrl });
  expect(second).toEqual({ code: 0, stdout: "The database is up to date.\n", stderr: "" });
});

test("db:migrate without a database says which setting is missing, or that nobody answers", async () => {
  const unset = await run("db-migrate.ts", { DATABASE_URL: "" });
  expect(unset.code).toBe(1);
  expect(unset.stderr).toMatch(/DATABASE_URL is missing/);
  const away = await run("db-migrate.ts", { DATABASE_URL: "postgres://punctual:no@127.0.0.1:1/punctual" });
  expect(away.code).toBe(1);
  expect(away.stderr).toMatch(/^The database at DATABASE_URL cannot be used: .*ECONNREFUSED.*\n$/);
});

test("db:seed shows a key once, and another on request", async () => {
  await run("db-migrate.ts", { DATABASE_URL: emptyUrl });
  const environment = { DATABASE_URL: emptyUrl, ENCRYPTION_KEYS: env.encryptionKeys };
  const shown = /^API key, shown only now: (pk_\S+)$/m;
  const first = await run("db-seed.ts", environment);
  expect(first).toMatchObject({ code: 0, stderr: "" });
  const second = await run("db-seed.ts", environment);
  expect(second.stdout).toMatch(/npm run db:seed -- --new-key/);
  expect(second.stdout).not.toMatch(shown);
  const third = await run("db-seed.ts", environment, "--new-key");

  const database = openDatabase(
    { url: emptyUrl, pooled: false, connectionsMax: 1, applicationName: "test" },
    { logger: env.logger },
  );
  const keys = [first, third].map(({ stdout }) => shown.exec(stdout)?.[1] ?? "");
  expect(new Set(keys).size).toBe(2);
  for (const key of keys) expect(await findApiKeyOwner(database, key)).toMatchObject({ scope: "admin" });
  await database.close();
});

test("keys:rotate seals what is there under the first key, and names what no key opens", async () => {
  const tenant = await env.createTenant();
  const [newKey, strangeKey] = [randomBytes(32), randomBytes(32)].map((key) => key.toString("base64")) as [
    string,
    string,
  ];
  const rotate = (keys: string) => run("keys-rotate.ts", { DATABASE_URL: env.databaseUrl, ENCRYPTION_KEYS: keys });
  expect(await rotate(`${newKey},${env.encryptionKeys}`)).toEqual({
    code: 0,
    stdout: "Sealed under the first key now: 1.\nNothing is left under another key.\n",
    stderr: "",
  });
  expect((await rotate(newKey)).stdout).toMatch(/^Sealed under the first key now: 0\./);
  const refused = await rotate(strangeKey);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`social_accounts ${tenant.socialAccountId} (credentials)`);
});
