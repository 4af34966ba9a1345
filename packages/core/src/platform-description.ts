/** What a platform takes and promises, as data: adapters check by it, and clients are served it. */
import type { Guarantee } from "./settle.ts";

/** What a platform takes of one kind of media. Inclusive; aspect is width divided by height; what is absent is not limited. */
export interface MediaRule {
  /** For people: `image`, `animation`, `video`. */
  kind: string;
  /** Media types, as read from the bytes. */
  types: readonly string[];
  bytesMax: number;
  /** Pixels, the way up it is shown. */
  widthMin?: number;
  widthMax?: number;
  heightMin?: number;
  heightMax?: number;
  /** Width times height. */
  pixelsMax?: number;
  aspectMin?: number;
  aspectMax?: number;
  durationMsMin?: number;
  durationMsMax?: number;
  /** Of this kind in one post, if that is fewer than media in all. */
  itemsMax?: number;
}

export interface MediaLimits {
  /** Whether one post may hold several kinds. */
  mixed: boolean;
  /** Of a description, in characters as the platform counts them. */
  altCharactersMax?: number;
  rules: readonly MediaRule[];
}

/** Units as the platform counts them. */
export interface PlatformLimits {
  textCharactersMax: number;
  /** Of the text in UTF-8, where the platform limits that as well. */
  textBytesMax?: number;
  mediaItemsMax: number;
  /** Absent where media are only passed on. */
  media?: MediaLimits;
}

/** The platform's limits and promises, served to clients as data. */
export interface PlatformDescription {
  platform: string;
  displayName: string;
  limits: PlatformLimits;
  settings: readonly { name: string; required: boolean; description: string }[];
  credentials: readonly { name: string; required: boolean; description: string }[];
  delivery: { guarantee: Guarantee; description: string };
}
