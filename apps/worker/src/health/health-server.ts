/** A worker's own small server: is the process alive, can it do its work, and what does it measure. */
import type { AddressInfo } from "node:net";
import { schemaFaults, type Database } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import { withinMs, type Logger, type Metrics, type Service } from "@punctual/runtime";
import Fastify from "fastify";

export interface HealthServerDeps {
  database: Database;
  producer: PublishProducer;
  metrics: Pick<Metrics, "text" | "contentType">;
  logger: Logger;
}

const databaseTimeoutMs = 2_000;

export function createHealthServer({ host, port }: { host: string; port: number }, deps: HealthServerDeps): Service {
  const { database, producer, metrics, logger } = deps;
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

  server.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));

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
