/** What the operator's API answers, as far as the page uses it; docs/operator-api.md and /openapi.json say more. */

export interface Page<Entry> {
  data: Entry[];
  nextCursor: string | null;
}

export interface Session {
  user: string;
  role: "operator" | "viewer";
  /** Null: the browser sends the password itself, there is no session. */
  expiresAt: string | null;
}

export type HealthState = "healthy" | "degraded" | "down";
export type ServiceState = "up" | "degraded" | "down" | "unknown";

export interface Reason {
  code: string;
  severity: "down" | "degraded" | "notice";
  message: string;
}

export interface Worker {
  id: string;
  host: string;
  version: string;
  platforms: string[];
  concurrency: number;
  running: number;
  startedAt: string;
  lastSeenAt: string;
  state: "live" | "stopping" | "silent";
}

export interface Queue {
  queue: string;
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
  probeAgeMs: number | null;
}

export interface Overview {
  at: string;
  state: HealthState;
  reasons: Reason[];
  posts: Record<
    | "waiting"
    | "dueIn1m"
    | "dueIn5m"
    | "dueIn15m"
    | "overdue"
    | "publishing"
    | "retrying"
    | "unconfirmed"
    | "held"
    | "limited"
    | "failed24h"
    | "missed24h",
    number
  >;
  today: { since: string; accepted: number; published: number };
  successRate24h: number | null;
  lastError: { category: string; code: string; message: string; at: string; postId: string; platform: string } | null;
  lateness: {
    windowMinutes: number;
    published: number;
    p50Ms: number | null;
    p99Ms: number | null;
    maxMs: number | null;
  };
  services: Record<"postgres" | "redis" | "retry" | "maintenance", { state: ServiceState; detail: string | null }>;
  workers: Worker[];
  failures: { platform: string; category: string; count24h: number }[];
  /** Null: Redis does not answer. */
  queues: Queue[] | null;
}

export interface SeriesPoint {
  at: string;
  published: number;
  failed: number;
  latenessP50Ms: number | null;
  latenessP99Ms: number | null;
  latenessMaxMs: number | null;
}

export interface Series {
  from: string;
  stepSeconds: number;
  points: SeriesPoint[];
}

export type PostStatus =
  | "scheduled"
  | "publishing"
  | "retrying"
  | "unconfirmed"
  | "held"
  | "published"
  | "failed"
  | "missed"
  | "cancelled";

export interface Named {
  id: string;
  name: string;
}

interface Whose {
  company: Named;
  client: Named | null;
  socialAccount: Named & {
    platform: string;
    status: "active" | "needs_reconnect";
    paused: boolean;
    sandbox: boolean;
  };
}

export interface Failure {
  category: string;
  code: string;
  message: string;
  at: string;
}

export interface PostRow extends Whose {
  id: string;
  platform: string;
  status: PostStatus;
  heldReason: "paused" | "needs_reconnect" | null;
  outcomeOpen: boolean;
  excerpt: string;
  scheduledAt: string;
  nextAttemptAt: string | null;
  publishedAt: string | null;
  latenessMs: number | null;
  attempts: number;
  externalId: string | null;
  externalUrl: string | null;
  failure: Failure | null;
  updatedAt: string;
}

export type PostAction = "cancel" | "retry" | "resolve" | "reschedule";

export interface PostDetail extends Whose {
  post: Omit<PostRow, keyof Whose | "excerpt"> & {
    revision: number;
    text: string;
    media: { url: string; alt?: string }[];
    link: string | null;
    localTime: string | null;
    timeZone: string | null;
    lateness: { graceMinutes: number; then: "publish" | "miss" };
    maxAttempts: number;
    groupId: string | null;
    metadata: Record<string, string>;
    createdAt: string;
  };
  requestId: string | null;
  confirmAt: string | null;
  confirmCount: number;
  job: { id: string; queue: string; boardUrl: string };
  actions: PostAction[];
}

export interface Attempt {
  number: number;
  revision: number;
  worker: string;
  outcome: string | null;
  category: string | null;
  code: string | null;
  message: string | null;
  httpStatus: number | null;
  externalId: string | null;
  externalUrl: string | null;
}

export interface Job {
  id: string;
  state: string;
  attemptsMade: number | null;
  failedReason: string | null;
  boardUrl: string;
}

/** One of an event, a moment of an attempt, what an operator did, and the job as Redis has it; `type` tells which. */
export interface TimelineEntry {
  at: string;
  type: string;
  requestId?: string | null;
  data?: Record<string, unknown>;
  attempt?: Attempt;
  action?: string;
  user?: string;
  outcome?: string | null;
  detail?: Record<string, unknown>;
  job?: Job;
}

export interface UnconfirmedRow extends PostRow {
  unconfirmedAt: string;
  confirmAt: string | null;
  confirmCount: number;
  shown: string | null;
  sentAt: string | null;
}

export interface Account {
  id: string;
  name: string;
  platform: string;
  company: Named;
  client: Named | null;
  sandbox: boolean;
  status: "active" | "needs_reconnect";
  paused: boolean;
  /** Whether it can be reconnected through its platform's log-in. */
  logIn: boolean;
  waitingPosts: number;
  heldPosts: number;
  createdAt: string;
  updatedAt: string;
}

export interface AccountCheck {
  result: "works" | "refused" | "cannot_tell";
  message: string | null;
  issues: { path: string; code: string; message: string }[];
}

/** The link by which an account is reconnected. */
export interface Reconnection {
  id: string;
  authorizeUrl: string;
  expiresAt: string;
}

export interface RedrivePreview {
  count: number;
  sample: PostRow[];
  perAccount: { socialAccountId: string; name: string; platform: string; count: number }[];
  accounts: number;
  leftOut: { unconfirmed: number; accountDeleted: number; accountClosed: number };
  countMax: number;
}

export interface Redrive {
  redriveId: string;
  accepted: number;
  lastDueAt: string;
}

export interface AuditEntry {
  id: string;
  at: string;
  user: string;
  via: "password" | "session";
  address: string;
  requestId: string;
  action: string;
  postId: string | null;
  socialAccountId: string | null;
  companyId: string | null;
  detail: Record<string, unknown>;
  outcome: "done" | "refused" | "failed" | null;
  status: number | null;
  code: string | null;
}

/** Oldest first; on the last page the job is last, unless Redis does not answer. */
export type PostTimeline = Page<TimelineEntry>;
