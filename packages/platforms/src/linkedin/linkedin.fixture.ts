/** LinkedIn's adapter against its stand-in, which runs as a process of its own. */
import type { ConnectedAccount, Outcome, OutgoingPost, Platform, Prepared } from "@punctual/core";
import { launchApp, openMediaServer, type LaunchedApp, type MediaServer } from "@punctual/testing";
import { createPlatforms, type Platforms } from "../registry.ts";

export interface LinkedInUnderTest {
  sandbox: LaunchedApp;
  server: MediaServer;
  platform: Platform;
  send(account: ConnectedAccount, post: OutgoingPost, checkpoint?: Record<string, unknown> | null): Promise<Outcome>;
  /** @param saved takes the checkpoints */
  prepare(account: ConnectedAccount, post: OutgoingPost, saved?: unknown[]): Promise<Prepared>;
  publish(account: ConnectedAccount, post: OutgoingPost): Promise<Outcome>;
  /** Commands a fault for the next call it fits. */
  fault(rule: Record<string, unknown>): Promise<unknown>;
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  /** What readers see of an account. */
  visible(account: ConnectedAccount): Promise<VisiblePost[]>;
  close(): Promise<void>;
}

export interface VisiblePost {
  externalId: string;
  body: string;
  content: { text: string; media: { url: string; alt: string | null }[]; link: string | null };
}

export async function openLinkedIn(): Promise<LinkedInUnderTest> {
  const [sandbox, server] = await Promise.all([launchApp("sandbox", {}), openMediaServer()]);
  const platforms = createPlatforms({ sandboxUrl: sandbox.url, allowPrivateNetworks: true });
  await platforms.start();
  const platform = linkedInOf(platforms);

  async function control(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(new URL(path, sandbox.url), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.status === 204 ? null : await answer.json();
  }

  async function prepare(account: ConnectedAccount, post: OutgoingPost, saved: unknown[] = []) {
    const saveCheckpoint = async (checkpoint: unknown) => void saved.push(structuredClone(checkpoint));
    const prepared = await platform.prepare?.(post, { ...callContext(account), saveCheckpoint });
    if (prepared === undefined) throw new Error("it prepares nothing");
    return prepared;
  }

  const send: LinkedInUnderTest["send"] = (account, post, checkpoint = null) =>
    platform.send(post, { ...callContext(account, checkpoint), beforeSend() {} });

  return {
    sandbox,
    server,
    platform,
    send,
    prepare,
    async publish(account, post) {
      const prepared = await prepare(account, post);
      return prepared.kind === "ready" ? send(account, post, { ...prepared.checkpoint }) : prepared;
    },
    fault: (rule) => control("POST", "/_control/faults", { platform: "linkedin", times: 1, ...rule }),
    control,
    async visible(account) {
      const query = new URLSearchParams({ account: String(account.settings["author"]), outcome: "accepted" });
      const { data } = (await control("GET", `/_ledger?${query.toString()}`)) as { data: VisiblePost[] };
      return data;
    },
    async close() {
      await platforms.stop();
      await server.close();
      sandbox.kill("SIGTERM");
      await sandbox.exited;
    },
  };
}

export function linkedInOf({ byName }: Platforms): Platform {
  const platform = byName.get("linkedin");
  if (platform === undefined) throw new Error("it is not registered");
  return platform;
}

let handles = 0;

/** Somebody of their own each time, so that no test meets another's posts. */
export function member(more: { author?: string; credentials?: Record<string, unknown> } = {}): ConnectedAccount {
  handles += 1;
  const handle = `member${handles}`;
  const { author = `urn:li:person:${handle}`, credentials = { accessToken: `sandbox.${handle}.1` } } = more;
  return { id: "account-1", settings: { author }, credentials, credentialsVersion: 3, sandbox: true };
}

export function post(more: Partial<OutgoingPost> = {}): OutgoingPost {
  return {
    id: "post-1",
    socialAccountId: "account-1",
    revision: 1,
    text: "Hello (world) #Launch",
    media: [],
    link: null,
    options: {},
    metadata: {},
    scheduledAt: new Date(),
    firstSentAt: null,
    requestId: null,
    ...more,
  };
}

export function callContext(account: ConnectedAccount, checkpoint: Record<string, unknown> | null = null) {
  return { account, checkpoint, timeoutMs: 20_000, signal: new AbortController().signal };
}
