/**
 * A whole installation on this machine, in the order of who needs whom: Postgres and Redis, then the schema and the
 * demo company, then sandbox, API and worker. Stopping goes the other way, from whoever takes work to whoever keeps it.
 */
import {
  changeCompany,
  demoApiKey,
  demoIds,
  findCompany,
  migrate,
  MigrationError,
  openDatabase,
  seedDemo,
  SeedError,
  type Database,
} from "@punctual/db";
import { createKeyring, createLogger, StartError } from "@punctual/runtime";
import { isPortFree, isRunning, startPostgres, startRedis, type LocalServer } from "@punctual/testing";
import { demoAccounts, type DemoNetworkAccount } from "../demo-accounts.ts";
import { launchApp } from "./app-process.ts";
import type { DataDirectory } from "./data-directory.ts";
import type { ProcessRecords } from "./leftovers.ts";
import { openRotatingLog } from "./rotating-log.ts";
import type { Ports, StartSettings } from "./settings.ts";
import { supervise, type Running, type SupervisedService } from "./supervisor.ts";
import type { Terminal } from "./terminal.ts";

export interface InstallationFacts {
  apiUrl: string;
  workerUrl: string;
  sandboxUrl: string;
  databaseUrl: string;
  redisUrl: string;
  apiKey: string;
  operatorPassword: string;
  accounts: readonly DemoNetworkAccount[];
  /** What another API or worker process needs to join in. */
  environment: Readonly<Record<string, string>>;
  database: Database;
}

export interface Installation {
  start(): Promise<InstallationFacts>;
  stop(): Promise<void>;
  /** Ends every process now. */
  kill(): void;
}

export interface InstallationParts {
  settings: StartSettings;
  ports: Ports;
  data: DataDirectory;
  records: ProcessRecords;
  terminal: Terminal;
}

const maxConnections = "300";

export function createInstallation(parts: InstallationParts): Installation {
  const { settings, ports, data, terminal } = parts;
  const services: SupervisedService[] = [];
  let database: Database | undefined;
  let stopping = false;

  /** Starts a service that will be stopped, even if it is told to stop right now. */
  const run = async (name: string, launch: () => Promise<Running>): Promise<void> => {
    if (stopping) throw new StartError("stopped while starting");
    const service = supervise({ name, launch, announce: terminal.warn });
    services.push(service);
    await service.start();
  };

  return {
    start: async () => {
      const [databaseUrl, redisUrl] = await Promise.all([
        settings.databaseUrl ?? runPostgres(data, run),
        settings.redisUrl ?? runRedis(data, run, terminal),
      ]);
      const encryptionKeys = settings.encryptionKeys ?? data.secrets.encryptionKeys;
      await migrateDatabase(databaseUrl, settings);
      database = openDatabase(
        { url: databaseUrl, pooled: false, connectionsMax: 2, applicationName: "punctual-start" },
        { logger: createLogger("start", "silent") },
      );
      const keyring = createKeyring(encryptionKeys);
      const accounts = await seedDemo(database, keyring, demoAccounts()).catch((error: unknown) => {
        throw error instanceof SeedError ? new StartError(error.message, { cause: error }) : error;
      });
      await letDemoReturn(database, urlOf(settings.host, ports.api));
      const { key: apiKey, isNew } = await demoApiKey(database, data.secrets.apiKey);
      if (isNew) data.saveSecrets({ ...data.secrets, apiKey });

      const operatorPassword = settings.operatorPassword ?? data.secrets.operatorPassword;
      const sandboxUrl = settings.sandboxUrl ?? urlOf(settings.host, ports.sandbox);
      const environment = joinEnvironment(settings, {
        databaseUrl,
        redisUrl,
        encryptionKeys,
        operatorPassword,
        sandboxUrl,
      });
      const apps = { parts, environment };
      await Promise.all([
        ...(settings.sandboxUrl === undefined ? [run("sandbox", () => runSandbox(apps, sandboxUrl, accounts))] : []),
        run("api", () => runApp(apps, "api", { PORT: String(ports.api) })),
        run("worker", () => runApp(apps, "worker", { WORKER_PORT: String(ports.worker) })),
      ]);
      return {
        apiUrl: urlOf(settings.host, ports.api),
        workerUrl: urlOf(settings.host, ports.worker),
        sandboxUrl,
        databaseUrl,
        redisUrl,
        apiKey,
        operatorPassword,
        accounts,
        environment,
        database,
      };
    },
    stop: async () => {
      stopping = true;
      await database?.close();
      const order = ["api", "worker", "sandbox", "redis", "postgres"];
      for (const name of order) await services.find((service) => service.name === name)?.stop();
    },
    kill: () => {
      stopping = true;
      for (const service of services) service.kill();
    },
  };
}

/** So that connecting an account can be tried without anything set up: the browser comes back to the API's own pages. */
async function letDemoReturn(database: Database, apiUrl: string): Promise<void> {
  const company = await findCompany(database, demoIds.company);
  if (company?.returnOrigins.length === 0) await changeCompany(database, { id: company.id, returnOrigins: [apiUrl] });
}

type Run = (name: string, launch: () => Promise<Running>) => Promise<void>;

async function runPostgres(data: DataDirectory, run: Run): Promise<string> {
  let port = await stillFree(data.remembered.postgresPort);
  let url = "";
  await run("postgres", async () => {
    const server = await startPostgres({
      dataDirectory: data.postgres,
      logFile: data.logFile("postgres"),
      port,
      password: data.secrets.postgresPassword,
      database: "punctual",
      settings: { max_connections: maxConnections },
    });
    ({ port, url } = server);
    // Immediate shutdown: ends the server's own children too, and recovers at the next start.
    return asRunning(server, "SIGQUIT");
  });
  data.remember({ postgresPort: port });
  return url;
}

async function runRedis(data: DataDirectory, run: Run, terminal: Terminal): Promise<string> {
  let port = await stillFree(data.remembered.redisPort);
  let url = "";
  await run("redis", async () => {
    const server = await startRedis({
      directory: data.redis,
      logFile: data.logFile("redis"),
      port,
      password: data.secrets.redisPassword,
      databases: 16,
      persistent: true,
      announce: terminal.note,
    });
    ({ port, url } = server);
    return asRunning(server, "SIGKILL");
  });
  data.remember({ redisPort: port });
  return url;
}

interface Apps {
  parts: InstallationParts;
  environment: Readonly<Record<string, string>>;
}

async function runApp({ parts, environment }: Apps, name: "api" | "worker" | "sandbox", own: Record<string, string>) {
  return launchApp({
    name,
    root: parts.settings.root,
    environment: { ...process.env, ...environment, ...own },
    log: openRotatingLog(parts.data.logFile(name)),
    warn: parts.terminal.warn,
    onLaunched: (identity) => parts.records.record(name, identity),
  });
}

/** Tells the sandbox about the demo accounts each time it starts: it forgets, and checks signatures only if told. */
async function runSandbox(apps: Apps, sandboxUrl: string, accounts: readonly DemoNetworkAccount[]): Promise<Running> {
  const running = await runApp(apps, "sandbox", { SANDBOX_PORT: String(apps.parts.ports.sandbox) });
  for (const { sandboxAccount, name, credentials } of accounts) {
    await fetch(`${sandboxUrl}/_control/accounts/${encodeURIComponent(sandboxAccount)}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, secret: credentials["secret"] }),
      signal: AbortSignal.timeout(10_000),
    });
  }
  return running;
}

async function migrateDatabase(databaseUrl: string, settings: StartSettings): Promise<void> {
  try {
    await migrate(databaseUrl);
  } catch (error) {
    if (error instanceof MigrationError) throw new StartError(error.message, { cause: error });
    if (settings.databaseUrl === undefined) throw error;
    throw new StartError(
      `The PostgreSQL at DATABASE_URL cannot be used (${(error as Error).message}): start it or correct DATABASE_URL, or unset it to use an embedded one.`,
      { cause: error },
    );
  }
}

interface Joining {
  databaseUrl: string;
  redisUrl: string;
  encryptionKeys: string;
  operatorPassword: string;
  sandboxUrl: string;
}

function joinEnvironment(settings: StartSettings, joining: Joining): Record<string, string> {
  const { DATA_DIR: _, ...given } = settings.given;
  return {
    ALLOW_PRIVATE_NETWORKS: "true",
    ...given,
    DATABASE_URL: joining.databaseUrl,
    REDIS_URL: joining.redisUrl,
    ENCRYPTION_KEYS: joining.encryptionKeys,
    OPERATOR_PASSWORD: joining.operatorPassword,
    SANDBOX_URL: joining.sandboxUrl,
    HOST: settings.host,
    PORT: "0",
    WORKER_PORT: "0",
    SANDBOX_PORT: "0",
  };
}

function asRunning({ identity, exited, stop }: LocalServer, hardest: NodeJS.Signals): Running {
  const kill = () => {
    if (isRunning(identity)) process.kill(identity.pid, hardest);
  };
  return { exited, stop, kill };
}

/** A port used before, if nobody else took it; else 0, any. */
async function stillFree(port: number | undefined): Promise<number> {
  return port !== undefined && (await isPortFree(port)) ? port : 0;
}

/** Where a server that listens on an address is reached from this machine. */
function urlOf(host: string, port: number): string {
  const reached = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}`;
}
