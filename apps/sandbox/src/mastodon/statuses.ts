/** What an instance remembers: statuses and uploads by id, and keys for an hour. When there are too many the oldest go. */
import type { Content } from "../ledger/content.ts";

export interface Status {
  id: string;
  handle: string;
  text: string;
  spoilerText: string;
  visibility: string;
  sensitive: boolean;
  language: string | null;
  media: Upload[];
  createdAtMs: number;
  url: string;
  /** The body it came in. */
  body: string;
}

export interface Upload {
  id: string;
  handle: string;
  kind: "image" | "gifv" | "video" | "unknown";
  /** Where it is seen. */
  url: string;
  description: string | null;
  /** Looks that still find it being processed. */
  looksLeft: number;
  attached: boolean;
}

export interface Statuses {
  add(status: Status, key: string | null): void;
  get(id: string): Status | undefined;
  remove(id: string): void;
  /** The status under a key of that account, if it is remembered. */
  under(handle: string, key: string, nowMs: number): Status | undefined;
  /** Newest first. */
  of(handle: string): Status[];
  /** How many are younger than that, at most as many as asked for, and when the oldest of them was made. */
  since(handle: string, ms: number, countMax: number): { count: number; oldestMs: number };
  uploads: Map<string, Upload>;
  clear(): void;
}

const keyLifeMs = 3_600_000;
const uploadsMax = 20_000;

export function createStatuses({ statusesMax }: { statusesMax: number }): Statuses {
  const byId = new Map<string, Status>();
  const byHandle = new Map<string, Status[]>();
  const byKey = new Map<string, { id: string; atMs: number }>();
  const uploads = new Map<string, Upload>();

  function remove(id: string): void {
    const status = byId.get(id);
    if (status === undefined) return;
    byId.delete(id);
    byHandle.set(
      status.handle,
      (byHandle.get(status.handle) ?? []).filter((other) => other !== status),
    );
  }

  return {
    add(status, key) {
      byId.set(status.id, status);
      const own = byHandle.get(status.handle) ?? [];
      own.push(status);
      byHandle.set(status.handle, own);
      if (key !== null) byKey.set(`${status.handle}\n${key}`, { id: status.id, atMs: status.createdAtMs });
      for (const [oldest] of byKey) {
        if (byKey.size <= statusesMax) break;
        byKey.delete(oldest);
      }
      for (const [oldest] of byId) {
        if (byId.size <= statusesMax) break;
        remove(oldest);
      }
      for (const [oldest] of uploads) {
        if (uploads.size <= uploadsMax) break;
        uploads.delete(oldest);
      }
    },
    get: (id) => byId.get(id),
    remove,
    under(handle, key, nowMs) {
      const known = byKey.get(`${handle}\n${key}`);
      return known === undefined || nowMs >= known.atMs + keyLifeMs ? undefined : byId.get(known.id);
    },
    of: (handle) => (byHandle.get(handle) ?? []).toReversed(),
    since(handle, ms, countMax) {
      const own = byHandle.get(handle) ?? [];
      let count = 0;
      let oldestMs = Infinity;
      for (let index = own.length - 1; index >= 0 && count < countMax; index -= 1) {
        const { createdAtMs } = own[index] as Status;
        if (createdAtMs <= ms) break;
        count += 1;
        oldestMs = createdAtMs;
      }
      return { count, oldestMs };
    },
    uploads,
    clear() {
      byId.clear();
      byHandle.clear();
      byKey.clear();
      uploads.clear();
    },
  };
}

/** What readers see of it. */
export function contentOf(status: Pick<Status, "text" | "spoilerText" | "visibility" | "language" | "media">): Content {
  const { text, spoilerText, visibility, language, media } = status;
  return {
    text,
    media: media.map(({ url, description }) => ({ url, alt: description })),
    link: null,
    ...(spoilerText === "" ? {} : { warning: spoilerText }),
    notes: [visibility, ...(language === null ? [] : [`in ${language}`])],
    scheduledAt: null,
  };
}
