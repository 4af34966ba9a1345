/**
 * The far side of the wire: stand-ins that speak the platforms' real protocols, a ledger of what really happened,
 * faults on command, and a feed on which a person sees the posts as a reader would. Nothing here asks for a log-in:
 * it is a stand-in for rehearsals and tests, and listens on loopback unless told otherwise.
 */
import type { AddressInfo } from "node:net";
import { type Logger, type Service, StartError } from "@punctual/runtime";
import { createAccounts } from "./accounts/accounts.ts";
import { accountRoutes } from "./accounts/routes.ts";
import { createApp, type SandboxApp } from "./app.ts";
import { createClock } from "./clock/clock.ts";
import { clockRoutes } from "./clock/routes.ts";
import { createExchange } from "./exchange.ts";
import { createFaults } from "./faults/faults.ts";
import { faultRoutes } from "./faults/routes.ts";
import { feedRoutes } from "./feed/routes.ts";
import { createLedger } from "./ledger/ledger.ts";
import { ledgerRoutes } from "./ledger/routes.ts";
import { createPlatforms } from "./platforms.ts";
import { sampleRoutes } from "./samples/routes.ts";
import { tokenRoutes } from "./tokens/routes.ts";
import { createTokens } from "./tokens/tokens.ts";
import { uploadRoutes } from "./uploads/routes.ts";
import { createUploads } from "./uploads/uploads.ts";

export interface SandboxOptions {
  host: string;
  /** 0 picks a free one. */
  port: number;
}

export interface Sandbox extends Service {
  /** Where it is reached, without a path. Known once started. */
  url(): string;
}

const limits = {
  ledgerEntriesMax: 200_000,
  /** 256 MiB at two bytes each, more than any run of ours needs. */
  ledgerCharactersMax: 128 * 1024 * 1024,
  faultRulesMax: 1_000,
  accountsMax: 10_000,
  tokenHandlesMax: 100_000,
  uploadsBytesMax: 256 * 1024 * 1024,
} as const;

export function createSandbox({ host, port }: SandboxOptions, { logger }: { logger: Logger }): Sandbox {
  const stopping = new AbortController();
  const ledger = createLedger({ entriesMax: limits.ledgerEntriesMax, charactersMax: limits.ledgerCharactersMax });
  const faults = createFaults({ rulesMax: limits.faultRulesMax });
  const accounts = createAccounts({ accountsMax: limits.accountsMax });
  const app: SandboxApp = createApp({ logger });
  const baseUrl = () => urlOf(app.server.address() as AddressInfo | null);
  const exchange = createExchange({ ledger, faults, logger, baseUrl, stopping: stopping.signal });
  const clock = createClock();
  const tokens = createTokens({ handlesMax: limits.tokenHandlesMax });
  const uploads = createUploads({ bytesMax: limits.uploadsBytesMax }, { baseUrl });
  const platforms = createPlatforms({ ledger, exchange, accounts, clock, tokens, uploads, baseUrl });

  for (const platform of platforms) {
    void app.register((scope: SandboxApp, _options, done) => {
      platform.routes(scope);
      done();
    });
  }
  accountRoutes(app, { accounts });
  clockRoutes(app, { clock });
  faultRoutes(app, { faults });
  tokenRoutes(app, { tokens, platforms: platforms.map(({ name }) => name) });
  uploadRoutes(app, { uploads });
  sampleRoutes(app);
  feedRoutes(app, { ledger, accounts, platforms });
  ledgerRoutes(app, {
    ledger,
    forgetAll() {
      for (const platform of platforms) platform.forget();
      uploads.clear();
      return ledger.clear();
    },
  });
  app.get("/livez", () => ({ status: "ok" }));

  return {
    url: baseUrl,
    async start() {
      await app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EADDRINUSE") throw error;
        throw new StartError(`Port ${port} on ${host} is in use; set SANDBOX_PORT to another, or to 0 for a free one.`);
      });
      logger.info({ url: baseUrl() }, "listening");
    },
    async stop() {
      stopping.abort();
      await app.close();
    },
  };
}

/** An address that means "every interface" is reached on loopback. */
function urlOf(address: AddressInfo | null): string {
  if (address === null) throw new Error("the sandbox is not listening");
  const host = address.address === "0.0.0.0" || address.address === "::" ? "127.0.0.1" : address.address;
  return `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}
