/** When each API key was last used, to about a minute: written beside the request, which does not wait for it. */
import { noteApiKeyUse, type ApiKeyOwner, type Database } from "@punctual/db";
import type { FastifyBaseLogger } from "fastify";

export interface KeyUseNotes {
  /** Returns at once. */
  note(owner: ApiKeyOwner): void;
  /** Resolves when nothing is being written any more. */
  settled(): Promise<void>;
}

export function createKeyUseNotes({
  database,
  logger,
}: {
  database: Database;
  logger: FastifyBaseLogger;
}): KeyUseNotes {
  const running = new Map<string, Promise<void>>();

  async function write(apiKeyId: string): Promise<void> {
    try {
      await noteApiKeyUse(database, apiKeyId);
    } catch (error) {
      // The next request tries again.
      logger.debug({ err: error, apiKeyId }, "the use of a key was not noted");
    } finally {
      running.delete(apiKeyId);
    }
  }

  return {
    note({ apiKeyId, useIsNoted }) {
      if (!useIsNoted && !running.has(apiKeyId)) running.set(apiKeyId, write(apiKeyId));
    },
    async settled() {
      await Promise.all(running.values());
    },
  };
}
