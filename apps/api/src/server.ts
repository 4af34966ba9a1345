/** The API's life as a server: listens, and on the way out finishes what runs, for a bounded time. */
import { withinMs, type Logger, type Service } from "@punctual/runtime";
import type { FastifyInstance } from "fastify";

export interface ServerOptions {
  host: string;
  /** 0 picks a free one. */
  port: number;
  /** How long `stop` lets running requests finish, in milliseconds. */
  drainTimeoutMs: number;
}

export function createServer(
  { host, port, drainTimeoutMs }: ServerOptions,
  app: FastifyInstance,
  logger: Logger,
): Service {
  return {
    async start() {
      const url = await app.listen({ host, port, listenTextResolver: () => "accepting connections" });
      logger.info({ url }, "listening");
    },
    async stop() {
      const closed = app.close();
      if (
        await withinMs(
          drainTimeoutMs,
          closed.then(() => true),
          false,
        )
      )
        return;
      logger.warn({ drainTimeoutMs }, "requests still ran, cutting their connections");
      app.server.closeAllConnections();
      await closed;
    },
  };
}
