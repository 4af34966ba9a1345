/** What Instagram's stand-in remembers besides the ledger: containers, and the media published from them. */
import { createStore, type Store } from "../graph/store.ts";
import type { Content } from "../ledger/content.ts";

export const containerStatuses = ["IN_PROGRESS", "FINISHED", "ERROR", "EXPIRED"] as const;
export type ContainerStatus = (typeof containerStatuses)[number];

export interface Container {
  id: string;
  userId: string;
  mediaType: "IMAGE" | "VIDEO" | "REELS" | "CAROUSEL_ALBUM";
  /** Part of a carousel: not to be published by itself. */
  isCarouselItem: boolean;
  content: Content;
  createdAtMs: number;
  /** What the next looks show, the last one for good. */
  timeline: ContainerStatus[];
  /** Of the medium it became. */
  mediaId: string | null;
}

export interface Medium {
  id: string;
  userId: string;
  mediaType: "IMAGE" | "VIDEO" | "CAROUSEL_ALBUM";
  content: Content;
  publishedAtMs: number;
  url: string;
}

export interface InstagramState {
  containers: Store<Container>;
  media: Store<Medium>;
  clear(): void;
}

export const containerLifeMs = 86_400_000;

export function createInstagramState(): InstagramState {
  const containers = createStore<Container>({ countMax: 50_000 });
  const media = createStore<Medium>({ countMax: 100_000 });
  return {
    containers,
    media,
    clear() {
      containers.clear();
      media.clear();
    },
  };
}

/** Where a container is now; looking makes a timeline get on. */
export function lookAt(container: Container, nowMs: number): ContainerStatus | "PUBLISHED" {
  if (container.mediaId !== null) return "PUBLISHED";
  if (nowMs - container.createdAtMs >= containerLifeMs) return "EXPIRED";
  const [status = "FINISHED"] = container.timeline;
  if (container.timeline.length > 1) container.timeline.shift();
  return status;
}

/** Where a container is, without making it get on. */
export function statusOf(container: Container, nowMs: number): ContainerStatus | "PUBLISHED" {
  return lookAt({ ...container, timeline: [...container.timeline] }, nowMs);
}
