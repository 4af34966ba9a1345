/**
 * What one installation of `npm start` keeps: secrets made once, the data of its servers, their ports, its logs, and
 * `dev.json` for programs that want to join in. All of it for its owner's eyes only.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { StartError } from "@punctual/runtime";

/** Made at the first start and never again. */
export interface Secrets {
  encryptionKeys: string;
  operatorPassword: string;
  postgresPassword: string;
  redisPassword: string;
  /** Of the demo company, once it was seeded. */
  apiKey?: string;
}

/** What is good to find again at the next start, but no loss. */
export interface Remembered {
  postgresPort?: number;
  redisPort?: number;
}

export interface DataDirectory {
  path: string;
  /** Directory of a server's data. */
  postgres: string;
  redis: string;
  logFile(name: string): string;
  secrets: Secrets;
  saveSecrets(secrets: Secrets): void;
  remembered: Remembered;
  remember(values: Remembered): void;
  writeDevFile(content: object): void;
  removeDevFile(): void;
}

/** Makes the directory, for its owner only. */
export function makeDataDirectory(directory: string): void {
  mkdirSync(path.join(directory, "logs"), { recursive: true, mode: 0o700 });
  // Root hands Postgres to another user, who must be able to pass through; every file and directory inside is closed.
  chmodSync(directory, process.getuid?.() === 0 ? 0o711 : 0o700);
}

/**
 * Reads what is there and makes what is not. Call it under the start lock.
 *
 * @throws {StartError} if data is there whose secrets are gone
 */
export function openDataDirectory(directory: string): DataDirectory {
  const inside = (name: string) => path.join(directory, name);
  const secrets = (readJson(inside("secrets.json")) as Secrets | null) ?? makeSecrets(directory);
  const remembered = (readJson(inside("ports.json")) as Remembered | null) ?? {};
  return {
    path: directory,
    postgres: inside("postgres"),
    redis: inside("redis"),
    logFile: (name) => path.join(directory, "logs", `${name}.log`),
    secrets,
    saveSecrets: (changed) => writeJson(inside("secrets.json"), changed),
    remembered,
    remember: (values) => writeJson(inside("ports.json"), Object.assign(remembered, values)),
    writeDevFile: (content) => writeJson(inside("dev.json"), content),
    removeDevFile: () => rmSync(inside("dev.json"), { force: true }),
  };
}

function makeSecrets(directory: string): Secrets {
  if (existsSync(path.join(directory, "postgres"))) {
    throw new StartError(
      `${directory} holds a database, but its secrets.json is gone and with it the password and the encryption keys: ` +
        "put it back, or remove the directory to begin anew.",
    );
  }
  const secrets = {
    encryptionKeys: randomBytes(32).toString("base64"),
    operatorPassword: randomBytes(12).toString("base64url"),
    postgresPassword: randomBytes(18).toString("base64url"),
    redisPassword: randomBytes(18).toString("base64url"),
  };
  writeJson(path.join(directory, "secrets.json"), secrets);
  return secrets;
}

/** Null if there is no such file. */
function readJson(file: string): unknown {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new StartError(`${file} cannot be read as JSON: repair it, or remove it to begin anew.`, { cause: error });
  }
}

/** Whole or not at all, and only for its owner. */
function writeJson(file: string, content: object): void {
  const draft = `${file}.new`;
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}
