/** The three wires of one process: to Postgres, to Redis and to the sandbox, each a proxy that can misbehave. */
import { startProxy, type Proxy } from "./proxy.ts";

export type WireName = "postgres" | "redis" | "sandbox";
export const wireNames = ["postgres", "redis", "sandbox"] as const satisfies readonly WireName[];

export interface Wires extends Readonly<Record<WireName, Proxy>> {
  stop(): Promise<void>;
}

/** @param targets where the real servers are */
export async function layWires(targets: Readonly<Record<WireName, string>>): Promise<Wires> {
  const [postgres, redis, sandbox] = await Promise.all([
    startProxy(portOf(targets.postgres)),
    startProxy(portOf(targets.redis)),
    startProxy(portOf(targets.sandbox)),
  ]);
  return {
    postgres,
    redis,
    sandbox,
    stop: async () => void (await Promise.all([postgres.stop(), redis.stop(), sandbox.stop()])),
  };
}

/** The same address by way of a proxy. */
export function through(proxy: Proxy, url: string): string {
  const changed = new URL(url);
  changed.port = String(proxy.port);
  return changed.href.replace(/\/$/, "");
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
