/**
 * What is done about a post before its instant, so that the instant has nothing left to do but send, and so that
 * whatever stands in its way is known while there is time to act.
 */
import type { Platform, PostContent } from "./platform.ts";

export const aheadTimes = {
  /** Uploads, containers and the like are made from so long before the instant, in milliseconds. */
  prepareMs: 600_000,
  /** A post due sooner than this is left to the attempt at its instant, in milliseconds. */
  prepareMinMs: 2_000,
  /** The first look at account and media, in milliseconds before the instant. */
  firstCheckMs: 86_400_000,
  /** The second. */
  secondCheckMs: 3_600_000,
} as const;

/** Whether there is anything to do before the irreversible call. Pure. */
export function needsPreparing(platform: Platform, post: PostContent): boolean {
  return platform.prepare !== undefined && (platform.needsPreparing?.(post) ?? true);
}

/** How often a post's account and media are looked at before its instant. Pure. */
export function checksAhead(platform: Platform): number {
  return platform.check === undefined && platform.inspect === undefined ? 0 : 2;
}
