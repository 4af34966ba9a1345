/** An adapter of Meta's against the sandbox as the process it is: what a worker would do with a post, step by step. */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import type {
  CallContext,
  Checkpoint,
  Confirmation,
  ConnectedAccount,
  MediaItem,
  OutgoingPost,
  Outcome,
  Platform,
  Prepared,
  ValidationIssue,
} from "@punctual/core";
import { jpegSample, launchApp, mp4Sample, openMediaServer, type MediaServer } from "@punctual/testing";
import { createPlatforms } from "../registry.ts";

export interface LedgerEntry {
  account: string;
  outcome: string;
  status: number | null;
  reason: string | null;
  externalId: string | null;
  externalUrl: string | null;
  content: { text: string; link: string | null; media: { url: string; alt: string | null }[] };
}

export interface Rehearsal {
  platform: Platform;
  media: MediaServer;
  /** An account nobody else uses. */
  account(settings?: Record<string, unknown>): ConnectedAccount;
  post(content?: Partial<OutgoingPost>): OutgoingPost;
  /** A square, unless a size is given. */
  jpeg(path?: string, size?: { width: number; height: number }): MediaItem;
  /** Upright and five seconds long, unless told otherwise; larger than the pieces a session asks for. */
  film(sample?: Parameters<typeof mp4Sample>[0]): MediaItem;
  prepare(post: OutgoingPost, account: ConnectedAccount, more?: Partial<CallContext>): Promise<Prepared>;
  /** Prepares and sends, as an attempt does; `checkpoint` is what it left. */
  attempt(
    post: OutgoingPost,
    account: ConnectedAccount,
    checkpoint?: Checkpoint | null,
  ): Promise<{ outcome: Outcome; checkpoint: Checkpoint | null; sent: OutgoingPost }>;
  confirm(post: OutgoingPost, account: ConnectedAccount, checkpoint: Checkpoint | null): Promise<Confirmation>;
  inspect(post: OutgoingPost, account: ConnectedAccount): Promise<ValidationIssue[]>;
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  /** The next call at that stage goes wrong, once. */
  command(fault: Record<string, unknown>, rule?: Record<string, unknown>): Promise<void>;
  ledger(account: ConnectedAccount): Promise<LedgerEntry[]>;
  /** After each test: nothing is commanded any more. @throws if an outcome so far tells a token or a post's text */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const timeoutMs = 30_000;

export async function openRehearsal(name: string, accountSetting: string): Promise<Rehearsal> {
  const [sandbox, media] = await Promise.all([launchApp("sandbox", {}), openMediaServer()]);
  const platforms = createPlatforms({ sandboxUrl: sandbox.url, allowPrivateNetworks: true });
  const platform = platforms.byName.get(name);
  if (platform === undefined) throw new Error(`there is no platform ${name}`);
  const said: unknown[] = [];
  const keep = <Said>(value: Said): Said => {
    said.push(value);
    return value;
  };

  async function control(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(new URL(path, sandbox.url), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : await answer.json();
  }

  const contextOf = (account: ConnectedAccount, checkpoint: Checkpoint | null): CallContext => {
    return { account, checkpoint, timeoutMs, signal: AbortSignal.timeout(timeoutMs) };
  };

  const prepare: Rehearsal["prepare"] = async (post, account, more = {}) => {
    const context = { ...contextOf(account, null), ...more };
    const saveCheckpoint = (checkpoint: Checkpoint) => {
      // Through JSON, as the database has it.
      saved = JSON.parse(JSON.stringify(checkpoint)) as Checkpoint;
      return Promise.resolve();
    };
    let saved: Checkpoint | null = null;
    const prepared = keep(await platform.prepare!(post, { ...context, saveCheckpoint }));
    if (prepared.kind === "ready")
      return { kind: "ready", checkpoint: JSON.parse(JSON.stringify(prepared.checkpoint)) as Checkpoint };
    lastSaved = saved ?? context.checkpoint;
    return prepared;
  };
  let lastSaved: Checkpoint | null = null;

  return {
    platform,
    media,
    control,
    prepare,
    account(settings = {}) {
      const id = `9${randomInt(1e9, 1e10)}`;
      return {
        id: "0190d8a2-3c1e-7b6f-9d00-0a1b2c3d4e60",
        settings: { [accountSetting]: id, ...settings },
        credentials: { accessToken: `sandbox.handle-${id}.1` },
        credentialsVersion: 3,
        sandbox: true,
      };
    },
    post: (content = {}) => ({
      id: "0190d8a2-3c1e-7b6f-9d00-0a1b2c3d4e5f",
      socialAccountId: "0190d8a2-3c1e-7b6f-9d00-0a1b2c3d4e60",
      revision: 1,
      scheduledAt: new Date(),
      firstSentAt: null,
      requestId: null,
      text: "Grüße 🎉\nfrom the rehearsal",
      media: [],
      link: null,
      options: {},
      metadata: {},
      ...content,
    }),
    async attempt(post, account, checkpoint = null) {
      const prepared = await prepare(post, account, { checkpoint });
      if (prepared.kind !== "ready") return { outcome: prepared, checkpoint: lastSaved, sent: post };
      const sent = { ...post, firstSentAt: post.firstSentAt ?? new Date() };
      const context = { ...contextOf(account, prepared.checkpoint), beforeSend: () => {} };
      return { outcome: keep(await platform.send(post, context)), checkpoint: prepared.checkpoint, sent };
    },
    confirm: async (post, account, checkpoint) => keep(await platform.confirm!(post, contextOf(account, checkpoint))),
    inspect: (post, account) => platform.inspect!(post, contextOf(account, null)),
    async command(fault, rule = {}) {
      await control("POST", "/_control/faults", { platform: name, times: 1, fault, ...rule });
    },
    async ledger(account) {
      const id = String(account.settings[accountSetting]);
      const { data } = (await control("GET", `/_ledger?platform=${name}&account=${id}`)) as { data: LedgerEntry[] };
      return data;
    },
    jpeg: (path = "/a.jpg", size = { width: 400, height: 400 }) => ({
      url: media.put(path, jpegSample(size)),
      alt: "A grey field",
    }),
    film(sample = {}) {
      const rest = Buffer.alloc(2_500_000);
      rest.writeUInt32BE(rest.length, 0);
      rest.write("free", 4);
      const upright = mp4Sample({ width: 540, height: 960, durationMs: 5_000, ...sample });
      return { url: media.put("/film.mp4", Buffer.concat([upright, rest])) };
    },
    async settle() {
      for (const path of ["faults", "instagram/timelines", "clock"]) await control("DELETE", `/_control/${path}`);
      assert.doesNotMatch(JSON.stringify(said), /sandbox\.handle-|from the rehearsal/);
    },
    async close() {
      await platforms.stop();
      await media.close();
      sandbox.kill("SIGTERM");
      await sandbox.exited;
    },
  };
}
