/** A worker's own small server: is the process alive, and can it do its work. */
import type { AddressInfo } from "node:net";
import { schemaFaults, type Database } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import { withinMs, type Logger, type Service } from "@punctual/runtime";
import Fastify from "fastify";

export interface HealthServerDeps {
  database: Database;
  producer: PublishProducer;
  logger: Logger;
}

const databaseTimeoutMs = 2_000;

export function createHealthServer({ host, port }: { host: string; port: number }, deps: HealthServerDeps): Service {
  const { database, producer, logger } = deps;
  const server = Fastify({ logger: false, forceCloseConnections: true, bodyLimit: 1_024 });

  server.get("/livez", async () => ({ status: "ok" }));
  server.get("/readyz", async (_request, reply) => {
    const faults = await withinMs(
      databaseTimeoutMs,
      schemaFaults(database).catch(() => ["Postgres does not answer."]),
      ["Postgres does not answer."],
    );
    if (faults.length > 0) return reply.code(503).send({ status: "unavailable", reasons: faults });
    // Without Redis a worker claims from Postgres; that is slower, not down.
    return (await producer.isReady()) ? { status: "ok" } : { status: "degraded", reasons: ["Redis does not answer."] };
  });

  return {
    async start() {
      await server.listen({ host, port });
      const { address, family, port: bound } = server.server.address() as AddressInfo;
      logger.info({ url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}` }, "listening");
    },
    async stop() {
      await server.close();
    },
  };
}
