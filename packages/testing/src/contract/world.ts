/** The far side for a run of the contract: the sandbox as its own process, a server with media, and the adapters. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Platform } from "@punctual/core";
import { createPlatforms } from "@punctual/platforms";
import { launchApp } from "../launch-app.ts";
import { gifSample, jpegSample, mp4Sample, pngSample } from "../media-samples.ts";
import { openMediaServer } from "../media-server.ts";
import type { ContractSamples } from "./fixture.ts";

export interface LedgerLine {
  outcome: "accepted" | "repeat" | "refused";
  externalId: string | null;
  content: { text: string };
}

export interface ContractWorld {
  sandboxUrl: string;
  samples: ContractSamples;
  platform(name: string): Platform;
  /** Everything the adapters wrote to the log, and every outcome: what must hold no secret. */
  seen: unknown[];
  /** Commands a fault. @returns how often it was applied by now */
  fault(rule: Record<string, unknown>): Promise<() => Promise<number>>;
  clearFaults(): Promise<void>;
  ledger(platform: string, account: string): Promise<LedgerLine[]>;
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  close(): Promise<void>;
}

export async function openContractWorld(): Promise<ContractWorld> {
  const sandbox = await launchApp("sandbox", {});
  const media = await openMediaServer();
  const mediaDirectory = await mkdtemp(path.join(tmpdir(), "punctual-contract-"));
  const seen: unknown[] = [];
  const logger = { warn: (...said: unknown[]) => void seen.push(said) };
  const platforms = createPlatforms({ sandboxUrl: sandbox.url, allowPrivateNetworks: true, mediaDirectory, logger });
  await platforms.start();

  async function control(method: string, where: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(new URL(where, sandbox.url), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the sandbox answered ${answer.status} to ${method} ${where}: ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  const put = (ending: string, bytes: Buffer, type: string) =>
    media.put(`/${randomUUID()}.${ending}`, bytes, { "content-type": type });

  return {
    sandboxUrl: sandbox.url,
    samples: {
      png: () => put("png", pngSample({ width: 640, height: 480 }), "image/png"),
      jpeg: (size) => put("jpg", jpegSample({ width: 640, height: 480, ...size }), "image/jpeg"),
      gif: () => put("gif", gifSample({ width: 64, height: 48 }), "image/gif"),
      mp4: (film) => put("mp4", mp4Sample({ width: 720, height: 1_280, durationMs: 5_000, ...film }), "video/mp4"),
      page: () => {
        const image = put("png", pngSample({ width: 300, height: 200 }), "image/png");
        const html = `<meta property="og:title" content="A page"><meta property="og:image" content="${image}">`;
        return put("html", Buffer.from(html), "text/html");
      },
    },
    platform(name) {
      const platform = platforms.byName.get(name);
      if (platform === undefined) throw new Error(`there is no platform ${name}`);
      return platform;
    },
    seen,
    async fault(rule) {
      const { id } = (await control("POST", "/_control/faults", rule)) as { id: string };
      return async () => {
        const { data } = (await control("GET", "/_control/faults")) as { data: { id: string; applied: number }[] };
        return data.find((state) => state.id === id)?.applied ?? 0;
      };
    },
    async clearFaults() {
      await control("DELETE", "/_control/faults");
    },
    async ledger(platform, account) {
      const query = new URLSearchParams({ platform, account });
      const { data } = (await control("GET", `/_ledger?${query.toString()}`)) as { data: LedgerLine[] };
      return data;
    },
    control,
    async close() {
      await platforms.stop();
      sandbox.kill("SIGTERM");
      await sandbox.exited;
      await media.close();
      await rm(mediaDirectory, { recursive: true, force: true });
    },
  };
}
