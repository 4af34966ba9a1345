/** Everything a run needs running: servers, the sandbox, APIs and workers, and a company whose accounts post. */
import { randomBytes } from "node:crypto";
import { startActor, type Actor } from "./actor.ts";
import type { BreakablePart } from "./broken-parts.ts";
import { startServers, type Servers } from "./servers.ts";
import { createTenant, type ChaosAccount } from "./tenant.ts";
import { layWires, through, type Wires } from "./wires.ts";

export interface Fleet {
  servers: Servers;
  /** Where the sandbox is, past every proxy. */
  sandboxUrl: string;
  /** Where the networks that want one find a picture. */
  pictureUrl: string;
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
  /** How many accounts each platform has; default 5. */
  accountsOn?: (platform: string) => number;
  broken: BreakablePart | null;
}

const accountsDefault = 5;

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { directory, apis, workers, platforms, accountsOn = () => accountsDefault, broken } = options;
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
        environment: { LOG_LEVEL: "info", SANDBOX_PORT: "0", PORT: "0", WORKER_PORT: "0", TMPDIR: directory, ...more },
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
    const launchAll = (kind: string, count: number, ...args: string[]) =>
      Promise.all(
        numbers(count).map((number) => {
          const name = `${kind}${number}`;
          return launch(name, [`scripts/chaos/${kind}.ts`, name, platforms.join(","), ...args]);
        }),
      );
    const [startedApis, startedWorkers] = await Promise.all([
      launchAll("api", apis),
      launchAll("worker", workers, ...(broken === null ? [] : [broken])),
    ]);
    const installation = { database: servers.database, encryptionKeys: secrets.keys, sandboxUrl };
    const tenant = await createTenant(installation, { platforms, accountsOn });
    await Promise.all([...startedApis, ...startedWorkers].map((actor) => actor.ready()));
    const pictureUrl = new URL("/_samples/picture.jpg", sandboxUrl).href;
    return { servers, sandboxUrl, pictureUrl, apis: startedApis, workers: startedWorkers, ...tenant, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
