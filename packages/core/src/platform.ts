/**
 * The port every platform adapter implements, and the only thing the rest of the program knows of a platform.
 * Publishing has two stages with different rules: `prepare` is invisible and repeatable; `send` is the one
 * irreversible call and is never retried inside an adapter.
 */
import type { Outcome } from "./outcome.ts";
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
  | { kind: "works" }
  /** The platform, or a rule of ours, says no; the message is for people and free of secrets. */
  | { kind: "refused"; message: string }
  | { kind: "cannot_tell"; message: string };

/** The platform's limits and promises, served to clients as data. */
export interface PlatformDescription {
  platform: string;
  displayName: string;
  /** Units as the platform counts them. */
  limits: { textCharactersMax: number; mediaItemsMax: number };
  settings: readonly { name: string; required: boolean; description: string }[];
  credentials: readonly { name: string; required: boolean; description: string }[];
  delivery: { guarantee: Guarantee; description: string };
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
  /** What may be done now if an answer of this post was lost. Pure. */
  guarantee(post: OutgoingPost, now: Date): Guarantee;
  /** Everything before the irreversible call. Repeatable; given the last checkpoint, it goes on from there. */
  prepare?(post: OutgoingPost, context: CallContext): Promise<Prepared>;
  /** The irreversible call. Never throws for what the network or the platform did: that is an outcome. */
  send(post: OutgoingPost, context: SendContext): Promise<Outcome>;
  /** Reads the platform to find out whether the post is there. Changes nothing. */
  confirm?(post: OutgoingPost, context: CallContext): Promise<Confirmation>;
  /** Asks the platform whether the account's credentials work. Changes nothing, and never throws for what it answers. */
  check?(account: ConnectedAccount, context: Pick<CallContext, "timeoutMs" | "signal">): Promise<AccountCheck>;
}
