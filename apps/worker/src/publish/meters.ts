/** What publishing tells whoever measures it. */
import type { AttemptEnd } from "@punctual/db";

export interface PublishMeters {
  /** An attempt ended and that was recorded. @param durationMs since the post was claimed */
  attemptEnded(platform: string, attempt: Pick<AttemptEnd, "category"> & { outcome: string }, durationMs: number): void;
  /** A post is published. @param latenessMs as stored with it */
  published(platform: string, latenessMs: number): void;
  /** A post was not claimed because a limit we know of is spent. */
  limited(platform: string): void;
}
