/**
 * The port every platform adapter implements, and the only thing the rest of the program knows of a platform.
 * Publishing has two stages with different rules: `prepare` is invisible and repeatable; `send` is the one
 * irreversible call and is never retried inside an adapter.
 */
import type { Outcome } from "./outcome.ts";
import type { PlatformDescription } from "./platform-description.ts";
import type { Guarantee } from "./settle.ts";

export interface MediaItem {
  url: string;
  /** Description for people who do not see the picture. */
  alt?: string;
}

/** What a post says, as the client gave it. */
export interface PostContent {
  text: string;
  media: readonly MediaItem[];
  link: string | null;
  options: Readonly<Record<string, unknown>>;
  metadata: Readonly<Record<string, string>>;
}

/** A post about to be published. */
export interface OutgoingPost extends PostContent {
  id: string;
  socialAccountId: string;
  revision: number;
  scheduledAt: Date;
  /** When the first attempt of this content reached sending; null if none did. */
  firstSentAt: Date | null;
  /** The API request that accepted this revision. */
  requestId: string | null;
}

/** A social account with its credentials in clear; lives only as long as one attempt. */
export interface ConnectedAccount {
  id: string;
  settings: Readonly<Record<string, unknown>>;
  credentials: Readonly<Record<string, unknown>>;
  credentialsVersion: number;
  sandbox: boolean;
}

/** One fault found in what a client gave us. `path` is a JSON pointer into it, such as `/media/0/url`. */
export interface ValidationIssue {
  path: string;
  code: string;
  message: string;
}

/** What `prepare` left at the platform: ids of uploads, containers, drafts. Belongs to one revision of a post. */
export type Checkpoint = Readonly<Record<string, unknown>>;

/** Of any call to a platform. */
export interface CallContext {
  account: ConnectedAccount;
  checkpoint: Checkpoint | null;
  /** What is left for the whole call, in milliseconds: it must be over before the lease is. */
  timeoutMs: number;
  /** Ends the call early. */
  signal: AbortSignal;
}

export interface PrepareContext extends CallContext {
  /**
   * Keeps what is prepared so far: whoever takes over after a crash goes on from there. It throws when what is being
   * prepared is no longer wanted (edited, cancelled, taken over); let that pass.
   */
  saveCheckpoint: (checkpoint: Checkpoint) => Promise<void>;
}

export interface SendContext extends CallContext {
  /** Must be called just before the first byte leaves. If it throws, nothing may be sent any more. */
  beforeSend: () => void;
}

export type Prepared =
  | { kind: "ready"; checkpoint: Checkpoint }
  /** Certainly nothing is visible; the attempt ends here. */
  | Exclude<Outcome, { kind: "published" | "unknown" }>;

/** What reading the platform showed about a lost answer. */
export type Confirmation =
  | { kind: "published"; externalId?: string; externalUrl?: string }
  /** Only from reading the very thing: a listing that does not show it proves nothing. */
  | { kind: "absent" }
  | { kind: "cannot_tell"; message: string };

/** What asking the platform about an account's credentials showed. */
export type AccountCheck =
  /** `learned`: settings nobody gave, as the platform tells them for these credentials. */
  | {
      kind: "works";
      learned?: { settings: Readonly<Record<string, unknown>>; credentialsVersion: number };
    }
  /** The platform, or a rule of ours, says no; the message is for people and free of secrets. */
  | { kind: "refused"; message: string }
  | { kind: "cannot_tell"; message: string };

/** What renewing an account's credentials came to. */
export type Refreshed =
  /** All of the new credentials, those that did not change included. */
  | { kind: "refreshed"; credentials: Readonly<Record<string, unknown>> }
  /** They cannot be renewed any more: a person must connect the account again. */
  | { kind: "refused"; code: string; message: string }
  /** Nothing is known; ask again later. The old credentials may or may not work. */
  | { kind: "unavailable"; code: string; message: string };

/** So many sends in any stretch of that length. */
export interface RateLimit {
  /** Whom the platform counts: one connected account, or everything that goes through our app's registration. */
  scope: "account" | "app";
  max: number;
  windowMs: number;
}

/** An account the user may choose after having logged in at the platform. */
export interface ConnectableAccount {
  name: string;
  settings: Readonly<Record<string, unknown>>;
  credentials: Readonly<Record<string, unknown>>;
}

/** Something our page asks the user before the platform can be turned to, such as the instance's address. */
export interface ConnectQuestion {
  name: string;
  label: string;
  secret: boolean;
  /** What is filled in beforehand. */
  value?: string;
  placeholder?: string;
}

/** The user said no at the platform. */
export interface ConnectCancelled {
  kind: "cancelled";
}

export type ConnectStep =
  /** Send the browser there. `memory` comes back to `finish`, encrypted on its way; it may hold secrets. */
  | { kind: "redirect"; url: string; memory: Readonly<Record<string, string>> }
  /** No log-in page is needed: what the user told was enough. */
  | { kind: "accounts"; accounts: readonly ConnectableAccount[] }
  /** For the user to read, free of secrets; `question` names the answer at fault. */
  | { kind: "refused"; message: string; question?: string };

/** Our registrations at servers of a platform that has no one place to register at; kept for every process, sealed. */
export interface Registrations {
  /** @param server what a registration is good for, in the connector's own words; null: there is none yet */
  find(server: string): Promise<Readonly<Record<string, string>> | null>;
  /** @returns what is kept from now on: the registration of another process, if that was faster */
  keep(server: string, registration: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>>;
  /** For a registration the server does not know any more. */
  forget(server: string): Promise<void>;
}

export interface ConnectContext {
  /** Against our stand-in instead of the real network. */
  sandbox: boolean;
  registrations: Registrations;
  /** Of the whole step, in milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** Connecting an account through the platform's own log-in. Never throws for what the network or the platform did. */
export interface Connector {
  /** What our page asks first. Pure. */
  questions(sandbox: boolean): readonly ConnectQuestion[];
  /** Why nobody can connect on this installation as it is set up; null: they can. Pure. */
  unavailable(sandbox: boolean): string | null;
  /**
   * @param request.state comes back with the browser; unguessable
   * @param request.codeChallenge of PKCE, method S256, for platforms that offer it
   */
  begin(
    request: {
      answers: Readonly<Record<string, string>>;
      redirectUri: string;
      state: string;
      codeChallenge: string;
    },
    context: ConnectContext,
  ): Promise<ConnectStep>;
  /** @param request.query of the call that brought the browser back; `state` was checked already */
  finish(
    request: {
      query: Readonly<Record<string, string>>;
      memory: Readonly<Record<string, string>>;
      redirectUri: string;
      codeVerifier: string;
    },
    context: ConnectContext,
  ): Promise<Exclude<ConnectStep, { kind: "redirect" }> | ConnectCancelled>;
}

export interface Platform {
  readonly name: string;
  readonly description: PlatformDescription;
  /** The longest a send may take, in milliseconds. The lease is this plus a margin. */
  readonly sendTimeoutMs: number;
  /** Checks settings and credentials of an account being connected. Pure. */
  validateAccount(account: {
    settings: Readonly<Record<string, unknown>>;
    credentials: Readonly<Record<string, unknown>>;
    sandbox: boolean;
  }): ValidationIssue[];
  /** Checks a post against the platform's limits; reports every fault at once. Pure. */
  validatePost(post: PostContent): ValidationIssue[];
  /**
   * What may be done now if an answer of this post was lost. Pure.
   *
   * @param settings of its account; without them whatever depends on them is not promised
   */
  guarantee(post: OutgoingPost, now: Date, settings?: Readonly<Record<string, unknown>>): Guarantee;
  /** The platform's own limits on publishing; a slot is taken with every claim. */
  readonly rateLimits?: readonly RateLimit[];
  /**
   * Everything before the irreversible call. Repeatable; given the last checkpoint, it goes on from there. It may wait for
   * the platform to process what was uploaded, as long as `timeoutMs` allows.
   */
  prepare?(post: OutgoingPost, context: PrepareContext): Promise<Prepared>;
  /** Whether `prepare` has anything to do for this post: if not, it is sent straight from its claim. Pure. */
  needsPreparing?(post: PostContent): boolean;
  /**
   * Looks at a post's media and its account's limits as long as a day before the instant, and leaves nothing at the
   * platform. A fault of the network is no issue; it throws.
   */
  inspect?(
    post: PostContent,
    context: Pick<CallContext, "account" | "timeoutMs" | "signal">,
  ): Promise<ValidationIssue[]>;
  /** The irreversible call. Never throws for what the network or the platform did: that is an outcome. */
  send(post: OutgoingPost, context: SendContext): Promise<Outcome>;
  /** Reads the platform to find out whether the post is there. Changes nothing. */
  confirm?(post: OutgoingPost, context: CallContext): Promise<Confirmation>;
  /** When the credentials stop working unless renewed; null: never by themselves. Pure. */
  credentialsExpireAt?(account: ConnectedAccount): Date | null;
  /** Renews the credentials. The caller sees to it that one process at a time does so, and keeps the result. */
  refresh?(account: ConnectedAccount, context: Pick<CallContext, "timeoutMs" | "signal">): Promise<Refreshed>;
  /** What tells this account from others of the platform, of its settings and credentials; null: unknown. Pure. */
  accountIdentity?(account: Pick<ConnectedAccount, "settings" | "credentials">): string | null;
  /** Whether two are connections to one account, where there is more to it than one identity for each. Pure. */
  isSameAccount?(
    one: Pick<ConnectedAccount, "settings" | "credentials">,
    other: Pick<ConnectedAccount, "settings" | "credentials">,
  ): boolean;
  /**
   * Names of the settings and credentials that nobody gives: the platform told them for the credentials that were given,
   * and they are forgotten with those.
   */
  readonly told?: { settings?: readonly string[]; credentials?: readonly string[] };
  readonly connector?: Connector;
  /** Asks the platform whether the account's credentials work. Changes nothing, and never throws for what it answers. */
  check?(account: ConnectedAccount, context: Pick<CallContext, "timeoutMs" | "signal">): Promise<AccountCheck>;
}
