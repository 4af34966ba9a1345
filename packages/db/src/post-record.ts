/** A post as it stands in its row, in the program's words. */
import type { FailureCategory, HeldReason, MediaItem, PostStatus } from "@punctual/core";
import { Prisma } from "./generated/client.ts";

export interface PostRecord {
  id: string;
  companyId: string;
  socialAccountId: string;
  clientId: string | null;
  platform: string;
  groupId: string | null;
  text: string;
  media: MediaItem[];
  link: string | null;
  options: Record<string, unknown>;
  metadata: Record<string, string>;

  scheduledAt: Date;
  /** The wall-clock time as it was given, if the instant was given so. */
  localTime: string | null;
  timeZone: string | null;
  timeAdjustment: "none" | "gap" | "overlap" | null;
  graceMinutes: number;
  whenLate: "miss" | "publish";
  lateAt: Date;

  status: PostStatus;
  heldReason: HeldReason | null;
  outcomeOpen: boolean;
  revision: number;
  generation: number;
  /** Whether its platform has anything to prepare for this content. */
  needsPreparing: boolean;
  /** How many looks at its account and media before the instant are still to come. */
  checksLeft: number;
  maxAttempts: number;
  /** The number of the latest attempt. */
  attempts: number;
  nextAttemptAt: Date;

  publishedAt: Date | null;
  latenessMs: number | null;
  externalId: string | null;
  externalUrl: string | null;
  failureCategory: FailureCategory | null;
  failureCode: string | null;
  failureMessage: string | null;
  failedAt: Date | null;

  requestId: string | null;
  createdAt: Date;
  updatedAt: Date;
}

/** Selects a `PostRecord` from a row of posts. */
export const postColumns = Prisma.sql`id, company_id AS "companyId", social_account_id AS "socialAccountId",
  client_id AS "clientId", platform, group_id AS "groupId", content AS text, media, link, options, metadata,
  scheduled_at AS "scheduledAt", local_time AS "localTime", time_zone AS "timeZone",
  time_adjustment AS "timeAdjustment", grace_minutes AS "graceMinutes", when_late AS "whenLate", late_at AS "lateAt",
  status, held_reason AS "heldReason", outcome_open AS "outcomeOpen", revision, generation,
  needs_preparing AS "needsPreparing", checks_left AS "checksLeft", max_attempts AS "maxAttempts", attempts, next_attempt_at AS "nextAttemptAt",
  published_at AS "publishedAt", lateness_ms AS "latenessMs", external_id AS "externalId",
  external_url AS "externalUrl", failure_category AS "failureCategory", failure_code AS "failureCode",
  failure_message AS "failureMessage", failed_at AS "failedAt",
  request_id AS "requestId", created_at AS "createdAt", updated_at AS "updatedAt"`;
