/** Everything a run needs running: servers, the sandbox, APIs and workers, and a company whose accounts post. */
import { randomBytes } from "node:crypto";
import { createApiKey, createCompany, createSocialAccount, type Database } from "@punctual/db";
import { createKeyring } from "@punctual/runtime";
import { startActor, type Actor } from "./actor.ts";
import type { BreakablePart } from "./broken-parts.ts";
import { startServers, type Servers } from "./servers.ts";
import { layWires, through, type Wires } from "./wires.ts";

export interface ChaosAccount {
  id: string;
  platform: string;
}

export interface Fleet {
  servers: Servers;
  /** Where the sandbox is, past every proxy. */
  sandboxUrl: string;
  apis: readonly Actor[];
  workers: readonly Actor[];
  accounts: readonly ChaosAccount[];
  apiKey: string;
  stop(): Promise<void>;
}

export interface FleetOptions {
  directory: string;
  apis: number;
  workers: number;
  platforms: readonly string[];
  broken: BreakablePart | null;
}

const accountsPerPlatform = 5;

export async function startFleet({ directory, apis, workers, platforms, broken }: FleetOptions): Promise<Fleet> {
  const actors: Actor[] = [];
  const servers = await startServers(directory);
  const stop = async () => {
    await Promise.all(actors.map((actor) => actor.stop()));
    await servers.stop();
  };
  try {
    const secrets = { keys: randomBytes(32).toString("base64"), password: randomBytes(18).toString("base64url") };
    const start = (name: string, command: readonly string[], wires: Wires, more: Record<string, string>) => {
      const actor = startActor({
        name,
        command,
        wires,
        logDirectory: directory,
        environment: { LOG_LEVEL: "info", SANDBOX_PORT: "0", PORT: "0", WORKER_PORT: "0", ...more },
      });
      actors.push(actor);
      return actor;
    };

    const direct = { postgres: servers.postgres.url, redis: servers.redis.url };
    // Nothing of the sandbox is ever disturbed: it is the witness.
    const sandbox = start(
      "sandbox",
      ["apps/sandbox/src/main.ts"],
      await layWires({ ...direct, sandbox: direct.redis }),
      {},
    );
    await sandbox.ready();
    const sandboxUrl = sandbox.url() ?? "";
    const targets = { ...direct, sandbox: sandboxUrl };

    const launch = async (name: string, command: readonly string[]) => {
      const wires = await layWires(targets);
      return start(name, command, wires, {
        DATABASE_URL: through(wires.postgres, targets.postgres),
        REDIS_URL: through(wires.redis, targets.redis),
        SANDBOX_URL: through(wires.sandbox, targets.sandbox),
        ENCRYPTION_KEYS: secrets.keys,
        OPERATOR_PASSWORD: secrets.password,
        ALLOW_PRIVATE_NETWORKS: "true",
        // One key makes all the load there is; what is tested here is not its limit.
        RATE_LIMIT_PER_MINUTE: "1000000",
      });
    };
    const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
    const [startedApis, startedWorkers] = await Promise.all([
      Promise.all(numbers(apis).map((number) => launch(`api${number}`, ["scripts/chaos/api.ts", `api${number}`]))),
      Promise.all(
        numbers(workers).map((number) => {
          const name = `worker${number}`;
          return launch(name, ["scripts/chaos/worker.ts", name, ...(broken === null ? [] : [broken])]);
        }),
      ),
    ]);
    const tenant = await createTenant(servers.database, secrets.keys, platforms);
    await Promise.all([...startedApis, ...startedWorkers].map((actor) => actor.ready()));
    return { servers, sandboxUrl, apis: startedApis, workers: startedWorkers, ...tenant, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createTenant(
  database: Database,
  encryptionKeys: string,
  platforms: readonly string[],
): Promise<{ accounts: ChaosAccount[]; apiKey: string }> {
  const keyring = createKeyring(encryptionKeys);
  const { id: companyId } = await createCompany(database, { name: "Chaos" });
  const { key: apiKey } = await createApiKey(database, { companyId, name: "chaos", scope: "admin" });
  const accounts: ChaosAccount[] = [];
  for (const platform of platforms) {
    for (let number = 1; number <= accountsPerPlatform; number += 1) {
      const account = await createSocialAccount(database, keyring, {
        companyId,
        clientId: null,
        platform,
        name: `${platform} ${number}`,
        settings: {},
        credentials: { secret: `whsec_${randomBytes(32).toString("base64")}` },
        sandbox: true,
      });
      if (account === null) throw new Error("an account could not be made");
      accounts.push({ id: account.id, platform });
    }
  }
  return { accounts, apiKey };
}
