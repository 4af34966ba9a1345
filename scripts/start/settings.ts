/**
 * What `npm start` was told: the environment, an optional `.env` in the checkout (the environment wins), and the
 * ports. A port named by somebody and taken is an error; a default one of the worker or the sandbox just moves.
 */
import path from "node:path";
import { platformSettings } from "@punctual/platforms";
import {
  configFields,
  currentEnvironment,
  platformFields,
  readConfig,
  StartError,
  type ConfigName,
} from "@punctual/runtime";
import { freePort, isPortFree } from "@punctual/testing";
import { loadEnvFile } from "../env-file.ts";

const portNames = ["PORT", "WORKER_PORT", "SANDBOX_PORT"] as const;
type PortName = (typeof portNames)[number];

export interface Ports {
  api: number;
  worker: number;
  sandbox: number;
}

export interface StartSettings {
  /** Absolute path of the checkout. */
  root: string;
  /** Absolute. */
  dataDirectory: string;
  host: string;
  wantedPorts: Readonly<Record<PortName, number>>;
  /** Of somebody else's server; undefined: we start one. */
  databaseUrl: string | undefined;
  /** Of somebody else's server; undefined: we start one. */
  redisUrl: string | undefined;
  /** Of somebody else's sandbox; undefined: we start one. */
  sandboxUrl: string | undefined;
  encryptionKeys: string | undefined;
  operatorPassword: string | undefined;
  /** The settings that were given, as they were given. */
  given: Readonly<Record<string, string>>;
}

/** @throws {ConfigError} listing every wrong setting */
export function readStartSettings(root: string): StartSettings {
  loadEnvFile(root);
  const environment = currentEnvironment();
  const given: Record<string, string> = {};
  const ofPlatforms = platformFields(platformSettings);
  for (const name of [...Object.keys(configFields), ...Object.keys(ofPlatforms)]) {
    const value = environment[name];
    if (value !== undefined && value !== "") given[name] = value;
  }
  // Everything that was given must fit, and nothing is required: what is missing, we make.
  const usual = Object.keys(given).filter((name): name is ConfigName => name in configFields);
  const config = readConfig([...usual, "HOST", "DATA_DIR", ...portNames], environment, ofPlatforms);
  return {
    root,
    dataDirectory: path.resolve(root, config.DATA_DIR),
    host: config.HOST,
    wantedPorts: config,
    databaseUrl: given["DATABASE_URL"],
    redisUrl: given["REDIS_URL"],
    sandboxUrl: given["SANDBOX_URL"],
    encryptionKeys: given["ENCRYPTION_KEYS"],
    operatorPassword: given["OPERATOR_PASSWORD"],
    given,
  };
}

/**
 * Settles on ports that are free now.
 *
 * @param announce told when a default port is taken and another one is used
 * @throws {StartError} naming the port, the variable and the way out
 */
export async function choosePorts(settings: StartSettings, announce: (message: string) => void): Promise<Ports> {
  const choose = async (name: PortName, movable: boolean): Promise<number> => {
    const port = settings.wantedPorts[name];
    if (port === 0) return freePort(settings.host);
    if (await isPortFree(port, settings.host)) return port;
    if (movable && settings.given[name] === undefined) {
      const other = await freePort(settings.host);
      announce(`Port ${port} is taken, ${name} is ${other} this time.`);
      return other;
    }
    throw new StartError(
      `Port ${port} (${name}) is taken by another program: stop it, or choose another port, such as \`${name}=${await portBeside(port, settings.host)} npm start\`.`,
    );
  };
  return {
    api: await choose("PORT", false),
    worker: await choose("WORKER_PORT", true),
    sandbox: await choose("SANDBOX_PORT", true),
  };
}

/** A free one that is easy to remember: 3100, 3200 ... */
async function portBeside(port: number, host: string): Promise<number> {
  for (let other = port + 100; other < Math.min(port + 1_000, 65_536); other += 100) {
    if (await isPortFree(other, host)) return other;
  }
  return freePort(host);
}
