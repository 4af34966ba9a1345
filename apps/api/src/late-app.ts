/**
 * A Fastify instance without a port of its own, opened at its first use. Libraries that bring pages want to be
 * registered with a server before it starts; so each gets one of its own, and processes that nobody asks for the pages
 * never load them.
 */
import type { FastifyInstance } from "fastify";

export interface LateApp {
  /** Once it is ready. All who ask at the same time wait for the same one; one that failed is tried again. */
  get(): Promise<FastifyInstance>;
  close(): Promise<void>;
}

export function createLateApp(open: () => Promise<FastifyInstance>): LateApp {
  let opened: Promise<FastifyInstance> | undefined;
  async function openReady(): Promise<FastifyInstance> {
    try {
      const app = await open();
      await app.ready();
      return app;
    } catch (error) {
      // It may be readable the next time.
      opened = undefined;
      throw error;
    }
  }
  return {
    get: () => (opened ??= openReady()),
    async close() {
      const app = await opened?.catch(() => undefined);
      await app?.close();
    },
  };
}
