/** What Facebook's stand-in remembers besides the ledger: photos, posts and videos, visible or not. */
import { createStore, type Store } from "../graph/store.ts";
import type { Content } from "../ledger/content.ts";

export interface Photo {
  id: string;
  pageId: string;
  media: Content["media"][number];
  /** The post that shows it. */
  postId: string | null;
}

export interface PagePost {
  id: string;
  pageId: string;
  content: Content;
  photoIds: readonly string[];
  isPublished: boolean;
  /** When it was published, in milliseconds since 1970. */
  publishedAtMs: number;
  url: string;
}

export interface Video {
  id: string;
  pageId: string;
  isReel: boolean;
  sessionId: string;
  /** As announced. */
  bytes: number;
  startedAtMs: number;
  pieces: Buffer[];
  received: number;
  /** Where it is seen on the feed. */
  shownAt: string | null;
  publishedAtMs: number | null;
  /** Looks that still find it at work after it was published. */
  looksLeft: number;
  url: string;
}

export interface FacebookState {
  photos: Store<Photo>;
  posts: Store<PagePost>;
  videos: Store<Video>;
  clear(): void;
}

export function createFacebookState(): FacebookState {
  const photos = createStore<Photo>({ countMax: 20_000 });
  const posts = createStore<PagePost>({ countMax: 100_000 });
  // Their bytes are held in memory until they are published.
  const videos = createStore<Video>({ countMax: 200 });
  return {
    photos,
    posts,
    videos,
    clear() {
      for (const store of [photos, posts, videos]) store.clear();
    },
  };
}
