/** The API's life as a server: listens, and on the way out finishes what runs, for a bounded time. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
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
  // Node does not count connections that never asked for anything as idle, and would wait for them.
  const unused = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  let stopping = false;
  app.server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    unused.delete(socket);
    // Kept alive by an answer that began before we stopped.
    response.once("close", () => stopping && setImmediate(() => app.server.closeIdleConnections()));
  });

  return {
    async start() {
      const url = await app.listen({ host, port, listenTextResolver: () => "accepting connections" });
      logger.info({ url }, "listening");
    },
    async stop() {
      stopping = true;
      const closed = app.close().then(() => true);
      for (const socket of unused) socket.destroy();
      if (await withinMs(drainTimeoutMs, closed, false)) return;
      logger.warn({ drainTimeoutMs }, "requests still ran, cutting their connections");
      app.server.closeAllConnections();
      await closed;
    },
  };
}
