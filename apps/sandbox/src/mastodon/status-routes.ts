/** Publishing statuses under keys, and reading them. */
import { randomInt } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Answer } from "../answer.ts";
import type { SandboxApp } from "../app.ts";
import type { Effect } from "../exchange.ts";
import type { PlatformDeps } from "../platform.ts";
import { answered, fault, limitHeaders, perform, platform, readBody, refused } from "./call.ts";
import { accountEntity, accountIdOf, statusEntity } from "./entity.ts";
import { contentOf, type Status, type Statuses, type Upload } from "./statuses.ts";

export interface StatusParts extends PlatformDeps {
  statuses: Statuses;
}

export const charactersMax = 500;
export const mediaMax = 4;
const dayMs = 86_400_000;
/** app/lib/rate_limiter.rb: 300 statuses in three hours. */
const limit = { statuses: 300, windowMs: 10_800_000 };
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

interface Draft {
  text: string;
  spoilerText: string;
  visibility: string;
  sensitive: boolean;
  language: string | null;
  mediaIds: string[];
}

export function statusRoutes(scope: SandboxApp, parts: StatusParts): void {
  const { statuses, baseUrl } = parts;

  scope.post("/mastodon/api/v1/statuses", (request, reply) => {
    const draft = readDraft(request);
    const media = draft.mediaIds.flatMap((id) => statuses.uploads.get(id) ?? []);
    const header = request.headers["idempotency-key"];
    const key = typeof header === "string" && header !== "" ? header : null;
    const call = { stage: "publish", key, content: contentOf({ ...draft, media }) } as const;
    return perform(request, reply, parts, call, (handle) => publish(handle, { draft, media, key }, request, parts));
  });

  scope.get("/mastodon/api/v1/statuses/:id", (request, reply) => {
    const { id } = request.params as { id: string };
    return perform(request, reply, parts, { stage: "read" }, () => {
      const status = statuses.get(id);
      return status === undefined ? notFound : answered(200, statusEntity(status, baseUrl()));
    });
  });

  scope.get("/mastodon/api/v1/statuses/:id/source", (request, reply) => {
    const { id } = request.params as { id: string };
    return perform(request, reply, parts, { stage: "read" }, (handle) => {
      const status = statuses.get(id);
      if (status?.handle !== handle) return notFound;
      return answered(200, { id, text: status.text, spoiler_text: status.spoilerText });
    });
  });

  scope.delete("/mastodon/api/v1/statuses/:id", (request, reply) => {
    const { id } = request.params as { id: string };
    return perform(request, reply, parts, { stage: "prepare" }, (handle) => {
      const status = statuses.get(id);
      if (status?.handle !== handle) return notFound;
      statuses.remove(id);
      return answered(200, { ...statusEntity(status, baseUrl()), text: status.text });
    });
  });

  scope.get("/mastodon/api/v1/accounts/verify_credentials", (request, reply) =>
    perform(request, reply, parts, { stage: "read" }, (handle) => answered(200, accountEntity(handle, baseUrl()))),
  );

  scope.get("/mastodon/api/v1/accounts/:id/statuses", (request, reply) => {
    const { id } = request.params as { id: string };
    const { limit: asked = "20" } = request.query as { limit?: string };
    return perform(request, reply, parts, { stage: "list" }, (handle, { lagMs }) => {
      if (accountIdOf(handle) !== id) return answered(200, []);
      const untilMs = parts.clock.now() - lagMs;
      const shown = statuses.of(handle).filter(({ createdAtMs }) => lagMs === 0 || createdAtMs <= untilMs);
      const page = shown.slice(0, Math.min(40, Math.max(1, Number(asked) || 20)));
      return answered(
        200,
        page.map((status) => statusEntity(status, baseUrl())),
      );
    });
  });
}

const notFound: Effect = answered(404, { error: "Record not found" });

function readDraft(request: FastifyRequest): Draft {
  const { status, spoiler_text, visibility, sensitive, language, media_ids } = readBody(request).fields;
  return {
    text: typeof status === "string" ? status : "",
    spoilerText: typeof spoiler_text === "string" ? spoiler_text : "",
    visibility: typeof visibility === "string" ? visibility : "public",
    sensitive: sensitive === true || sensitive === "true" || sensitive === "1",
    language: typeof language === "string" ? language : null,
    mediaIds: Array.isArray(media_ids) ? media_ids.map(String) : [],
  };
}

function publish(
  handle: string,
  { draft, media, key }: { draft: Draft; media: Upload[]; key: string | null },
  request: FastifyRequest,
  parts: StatusParts,
): Effect {
  const { accounts, statuses, clock, baseUrl } = parts;
  const { idempotencyKeys = "honoured", publishingQuota } = accounts.get(handle);
  const body = request.rawBody?.toString("utf8") ?? "";
  const known = key === null || idempotencyKeys === "ignored" ? undefined : statuses.under(handle, key, clock.now());
  if (known !== undefined && idempotencyKeys === "failing") {
    return refused(fault(500, "Internal Server Error"), "publish");
  }
  if (known !== undefined) {
    const entry = { outcome: "repeat", externalId: known.id, externalUrl: known.url, bodyChanged: known.body !== body };
    return { answer: { status: 200, body: statusEntity(known, baseUrl()) }, entry: entry as Effect["entry"] };
  }
  const wrong = faultOf(draft, media, handle);
  if (wrong !== null) return refused(wrong, "publish");
  const windowMs = publishingQuota === undefined ? limit.windowMs : dayMs;
  const max = publishingQuota ?? limit.statuses;
  const { count, oldestMs } = statuses.since(handle, clock.now() - windowMs, max);
  if (count >= max) {
    const resetMs = (Number.isFinite(oldestMs) ? oldestMs : clock.now()) + windowMs;
    return refused(fault(429, "Too many requests", limitHeaders(resetMs)), "publish");
  }
  const { mediaIds: _ids, ...written } = draft;
  const id = newStatusId(clock.now());
  const url = new URL(`/feed/${platform}/${encodeURIComponent(handle)}/${id}`, baseUrl()).href;
  const status: Status = { ...written, id, handle, media, createdAtMs: clock.now(), url, body };
  for (const upload of media) upload.attached = true;
  statuses.add(status, idempotencyKeys === "ignored" ? null : key);
  return {
    answer: { status: 200, body: statusEntity(status, baseUrl()) },
    entry: { outcome: "accepted", externalId: id, externalUrl: url },
  };
}

function faultOf({ text, spoilerText, visibility, mediaIds }: Draft, media: Upload[], handle: string): Answer | null {
  if (text.trim() === "" && media.length === 0) return fault(422, "Validation failed: Text can't be blank");
  if (charactersOf(text) + charactersOf(spoilerText) > charactersMax) {
    return fault(422, `Validation failed: Text character limit of ${charactersMax} exceeded`);
  }
  if (!["public", "unlisted", "private", "direct"].includes(visibility)) {
    return fault(422, "Validation failed: Visibility is not included in the list");
  }
  if (mediaIds.length > mediaMax) return fault(422, "Cannot attach more than 4 files");
  if (media.length < mediaIds.length || media.some((upload) => upload.handle !== handle || upload.attached)) {
    return fault(422, "Media not found or already attached to another post");
  }
  if (media.some(({ looksLeft }) => looksLeft > 0)) {
    return fault(422, "Cannot attach files that have not finished processing. Try again in a moment!");
  }
  if (media.length > 1 && media.some(({ kind }) => kind === "video")) {
    return fault(422, "Cannot attach a video to a post that already contains images");
  }
  return null;
}

function charactersOf(text: string): number {
  const counted = text
    .replaceAll(/https?:\/\/[^\s<>"]+/gi, "x".repeat(23))
    .replaceAll(/(^|[^\w/])@(\w+)@[a-z0-9.-]+[a-z0-9]/gi, "$1@$2");
  return [...segmenter.segment(counted)].length;
}

/** Milliseconds and chance, as snowflakes are. */
function newStatusId(nowMs: number): string {
  return String((BigInt(Math.floor(nowMs)) << 16n) | BigInt(randomInt(65_536)));
}
