/**
 * One post on its way through an adapter, as a worker takes it: prepare, send, and what core decides follows from the
 * outcome. Nothing is waited for: a post that would come back later comes back at once.
 */
import { randomUUID } from "node:crypto";
import {
  type Checkpoint,
  type ConnectedAccount,
  type Confirmation,
  defaultRetryPolicy,
  type Outcome,
  type OutgoingPost,
  type Platform,
  type PostContent,
  type Prepared,
  settle,
} from "@punctual/core";
import type { ContractFixture } from "./fixture.ts";
import type { ContractWorld } from "./world.ts";

export interface Rehearsal {
  fixture: ContractFixture;
  platform: Platform;
  world: ContractWorld;
  /** What the stand-in calls the account. */
  ledgerAccount: string;
  handle: string;
  account: ConnectedAccount;
  post: OutgoingPost;
  /** Recognises the post wherever it shows. */
  marker: string;
  checkpoint: Checkpoint | null;
}

export interface AttemptOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
  beforeSend?: () => void;
}

export interface Ending {
  status: "published" | "failed" | "unconfirmed" | "held" | "retrying";
  outcomes: Outcome[];
  confirmations: Confirmation[];
}

const attemptsMax = 6;
const callTimeoutMs = 20_000;
/** A listing may need a moment. */
const looksMax = 3;

/** A new account with a new post of a kind; its credentials are renewed if they ask for it. */
export async function rehearse(world: ContractWorld, fixture: ContractFixture, kindName?: string): Promise<Rehearsal> {
  const platform = world.platform(fixture.platform);
  const kind = fixture.kinds.find(({ name }) => name === (kindName ?? fixture.kinds[0]?.name));
  if (kind === undefined) throw new Error(`${fixture.platform} has no kind of post called ${kindName ?? "anything"}`);
  const marker = `marker${randomUUID().slice(0, 8)}`;
  const handle = `shop-${randomUUID().slice(0, 8)}`;
  const given = fixture.account(handle);
  const account: ConnectedAccount = { id: randomUUID(), credentialsVersion: 7, sandbox: true, ...given };
  const content: PostContent = {
    text: `Our harvest is here ${marker}`,
    media: [],
    link: null,
    options: {},
    metadata: {},
    ...kind.post(`Our harvest is here ${marker}`, world.samples),
  };
  const post: OutgoingPost = {
    ...content,
    id: randomUUID(),
    socialAccountId: account.id,
    revision: 1,
    scheduledAt: new Date(),
    firstSentAt: null,
    requestId: null,
  };
  const ledgerAccount = fixture.ledgerAccount(handle) === "" ? account.id : fixture.ledgerAccount(handle);
  if (fixture.toldToSandbox !== undefined) {
    await world.control("PUT", `/_control/accounts/${ledgerAccount}`, fixture.toldToSandbox);
  }
  const rehearsal = { fixture, platform, world, ledgerAccount, handle, account, post, marker, checkpoint: null };
  const expiresAt = platform.credentialsExpireAt?.(account) ?? null;
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) await renew(rehearsal);
  return rehearsal;
}

/** @throws if they cannot be renewed */
export async function renew(rehearsal: Rehearsal): Promise<void> {
  const { platform, world, account } = rehearsal;
  const refreshed = await platform.refresh?.(account, { timeoutMs: callTimeoutMs, signal: neverStops });
  if (refreshed?.kind !== "refreshed") throw new Error(`not renewed: ${JSON.stringify(refreshed)}`);
  const { credentials } = refreshed;
  rehearsal.account = { ...account, credentials, credentialsVersion: account.credentialsVersion + 1 };
  world.seen.push({ renewed: true });
}

export function needsPreparing({ platform, post }: Rehearsal): boolean {
  return platform.prepare !== undefined && (platform.needsPreparing?.(post) ?? true);
}

/** Prepares from the checkpoint there is and keeps the new one, whatever it comes to. */
export async function prepareOnce(rehearsal: Rehearsal, options: AttemptOptions = {}): Promise<Prepared> {
  const { platform, post, account, checkpoint, world } = rehearsal;
  if (platform.prepare === undefined) throw new Error("there is nothing to prepare");
  const prepared = await platform.prepare(post, {
    account,
    checkpoint,
    timeoutMs: options.timeoutMs ?? callTimeoutMs,
    signal: options.signal ?? neverStops,
    async saveCheckpoint(saved) {
      // As a database keeps it.
      rehearsal.checkpoint = JSON.parse(JSON.stringify(saved)) as Checkpoint;
    },
  });
  world.seen.push(prepared.kind === "ready" ? prepared.kind : prepared);
  if (prepared.kind === "ready") rehearsal.checkpoint = JSON.parse(JSON.stringify(prepared.checkpoint)) as Checkpoint;
  return prepared;
}

/** One attempt: prepare if need be, then send. */
export async function attemptOnce(rehearsal: Rehearsal, options: AttemptOptions = {}): Promise<Outcome> {
  if (needsPreparing(rehearsal)) {
    const prepared = await prepareOnce(rehearsal, options);
    if (prepared.kind !== "ready") return prepared;
  }
  return sendOnce(rehearsal, options);
}

export async function sendOnce(rehearsal: Rehearsal, options: AttemptOptions = {}): Promise<Outcome> {
  const { platform, post, account, checkpoint, world } = rehearsal;
  let left = false;
  const outcome = await platform.send(post, {
    account,
    checkpoint,
    timeoutMs: options.timeoutMs ?? callTimeoutMs,
    signal: options.signal ?? neverStops,
    beforeSend() {
      options.beforeSend?.();
      left = true;
    },
  });
  if (left) rehearsal.post = { ...post, firstSentAt: post.firstSentAt ?? new Date() };
  world.seen.push(outcome);
  return outcome;
}

export async function lookOnce(rehearsal: Rehearsal): Promise<Confirmation> {
  const { platform, post, account, checkpoint, world } = rehearsal;
  if (platform.confirm === undefined) throw new Error("there is nothing to look with");
  const context = { account, checkpoint, timeoutMs: callTimeoutMs, signal: neverStops };
  const confirmation = await platform.confirm(post, context);
  world.seen.push(confirmation);
  return confirmation;
}

/** Attempts until the post ends or a person would have to look. @param first options of the first attempt only */
export async function runToEnd(rehearsal: Rehearsal, first: AttemptOptions = {}): Promise<Ending> {
  const { platform } = rehearsal;
  const ending: Ending = { status: "retrying", outcomes: [], confirmations: [] };
  let outcomeOpen = false;
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const sentBefore = rehearsal.post.firstSentAt !== null;
    const outcome = await attemptOnce(rehearsal, attempt === 1 ? first : {});
    ending.outcomes.push(outcome);
    if (outcome.kind === "reconnect" && outcome.category === "auth" && platform.refresh !== undefined) {
      await renew(rehearsal);
      continue;
    }
    // A platform that names the post as there already, after a call of ours, names ours.
    if (
      outcome.kind === "rejected" &&
      outcome.category === "duplicate" &&
      outcome.externalId !== undefined &&
      sentBefore
    ) {
      return { ...ending, status: "published" };
    }
    const settlement = settle(outcome, {
      attemptsUsed: attempt,
      maxAttempts: attemptsMax,
      waitsBefore: 0,
      guarantee: platform.guarantee(rehearsal.post, new Date(), rehearsal.account.settings),
      outcomeOpen,
      policy: defaultRetryPolicy,
      random: 0.5,
    });
    if (settlement.status === "retrying") {
      outcomeOpen = settlement.outcomeOpen;
      continue;
    }
    if (settlement.status !== "unconfirmed") return { ...ending, status: settlement.status };
    if (!(await isAbsent(rehearsal, ending))) return ending;
    outcomeOpen = false;
  }
  return ending;
}

/** Whether the post is proved absent, so that it may be sent again; else the ending says what is known. */
async function isAbsent(rehearsal: Rehearsal, ending: Ending): Promise<boolean> {
  ending.status = "unconfirmed";
  if (rehearsal.platform.confirm === undefined) return false;
  for (let look = 1; look <= looksMax; look += 1) {
    const confirmation = await lookOnce(rehearsal);
    ending.confirmations.push(confirmation);
    if (confirmation.kind === "absent") return true;
    if (confirmation.kind === "published") ending.status = "published";
    if (confirmation.kind === "published") return false;
  }
  return false;
}

/** How many times readers see the post. */
export async function timesVisible({ world, fixture, ledgerAccount, marker }: Rehearsal): Promise<number> {
  const lines = await world.ledger(fixture.platform, ledgerAccount);
  return lines.filter(({ outcome, content }) => outcome === "accepted" && content.text.includes(marker)).length;
}

const neverStops = new AbortController().signal;
