/**
 * What one platform's stand-in is to the rest of the sandbox. A platform is one folder: it speaks its protocol and
 * decides what a call does; the exchange applies faults to the call, writes the ledger and answers.
 */
import type { Accounts } from "./accounts/accounts.ts";
import type { SandboxApp } from "./app.ts";
import type { Clock } from "./clock/clock.ts";
import type { Exchange } from "./exchange.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { Tokens } from "./tokens/tokens.ts";
import type { Uploads } from "./uploads/uploads.ts";

export interface SandboxPlatform {
  /** In the ledger, in faults and in the feed's addresses. */
  readonly name: string;
  readonly displayName: string;
  /** Registers the protocol on a scope of its own. */
  routes(scope: SandboxApp): void;
  /** Drops what the platform remembers besides the ledger, when that is cleared. */
  forget(): void;
}

export interface PlatformDeps {
  ledger: Ledger;
  exchange: Exchange;
  accounts: Accounts;
  clock: Clock;
  tokens: Tokens;
  uploads: Uploads;
  /** Where the sandbox is reached, without a path. */
  baseUrl(): string;
}
