/** What an adapter brings along to be held to the contract: its accounts, its kinds of posts, its errors. */
import type { Outcome, PostContent } from "@punctual/core";

type Fields = Readonly<Record<string, unknown>>;

export interface ContractAccount {
  settings: Fields;
  /** What a client would give us; the suite renews them first where they ask for it. */
  credentials: Fields;
}

/** Addresses of media that are what they seem, and of a page; each new. */
export interface ContractSamples {
  png(): string;
  jpeg(size?: { width: number; height: number }): string;
  gif(): string;
  mp4(film?: { width?: number; height?: number; durationMs?: number }): string;
  page(): string;
}

export interface ContractKind {
  /** From one vocabulary for all: text, link, one image, several images, video. */
  name: string;
  /** @param text is the suite's own, to be recognised by: it must be seen in the post */
  post(text: string, samples: ContractSamples): Partial<PostContent>;
  /** What the feed page shows of it besides the text. */
  shows?: RegExp;
  /** It has an id before it is published and is read by that, although the guarantee cannot tell from the post alone. */
  isProvable?: boolean;
}

export interface ContractRefusal {
  name: string;
  /** `read` is what preparing asks before it does anything. */
  stage: "read" | "prepare" | "publish";
  /** Which kind of post meets it; default: the last of those that have such a stage. */
  kind?: string;
  status: number;
  /** Default: the stand-in's own shape of an error of that status. */
  body?: string | Record<string, unknown>;
  retryAfter?: number;
  /** What the attempt must come to, in part. */
  outcome: Partial<Outcome>;
}

export interface ContractFixture {
  platform: string;
  /** In the table, if one platform is held to the contract in several ways; default: the platform. */
  name?: string;
  /** What the stand-in is told of each account. */
  toldToSandbox?: Fields;
  /** Every handle is an account of its own. */
  account(handle: string): ContractAccount;
  /** What the stand-in calls that account, in its ledger and in faults; empty: by our own id of it. */
  ledgerAccount(handle: string): string;
  /** Whom its tokens are for; default: what the ledger calls it. */
  tokenHandle?(handle: string): string;
  /** Names of credentials that are no secrets. */
  publicCredentials?: readonly string[];
  /** The plainest first: the other cases publish it. */
  kinds: readonly ContractKind[];
  refusals: readonly ContractRefusal[];
  /** Whether an answer of 4xx to the call that publishes proves nothing, because the network is known to lie; default no. */
  liesWith4xx?: boolean;
  /** Whether its posts can be read by this account, where the adapter can read any; default yes. */
  readable?: boolean;
  /** Where a limit is sure to be believed; default: at the call that publishes. */
  limitStage?: "read" | "publish";
  /** Whether tokens can be revoked at the stand-in; default yes. */
  revocable?: boolean;
  /** Whether preparing anew from a whole checkpoint asks the platform nothing; default yes. */
  preparesOnce?: boolean;
}
