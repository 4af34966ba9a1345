/** `/rest/posts`: creating, reading and listing. */
import { randomInt } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { SandboxApp } from "../app.ts";
import type { Effect } from "../exchange.ts";
import { type Content, fieldsOf } from "../ledger/content.ts";
import type { LedgerEntry } from "../ledger/ledger.ts";
import type { PlatformDeps } from "../platform.ts";
import type { Assets } from "./assets.ts";
import { answered, jsonBody, mayPublishAs, originOf, perform, platform, refused } from "./call.ts";
import { inputError, plainError } from "./errors.ts";
import type { Caller } from "./gate.ts";
import { shownText } from "./little-text.ts";
import { type PostIn, readPost } from "./post.ts";

/** How long the same again is a duplicate, in milliseconds. */
const duplicateMs = 600_000;

export function postRoutes(scope: SandboxApp, { ledger, assets, ...deps }: PlatformDeps & { assets: Assets }): void {
  function* visible(author: string): Iterable<LedgerEntry> {
    for (const entry of ledger.newest()) {
      if (entry.outcome === "accepted" && entry.platform === platform && entry.account === author) yield entry;
    }
  }

  function publish(request: FastifyRequest, caller: Caller, body: string): Effect {
    const post = readPost(jsonBody(request));
    if ("status" in post) return refused(post);
    if (!mayPublishAs(caller, post.author)) {
      return refused(plainError(403, "ACCESS_DENIED", `Not enough permissions to create a post as ${post.author}`));
    }
    for (const { id } of post.content.mediaIds) {
      const asset = assets.get(id);
      if (asset === undefined || asset.owner !== post.author) {
        return refused(inputError(400, "INVALID_IMAGE_ID", "/content", `there is no upload ${id} of this author`));
      }
      if (asset.status === "WAITING_UPLOAD") {
        return refused(inputError(400, "MEDIA_ASSET_WAITING_UPLOAD", "/content", `${id} has no bytes yet`));
      }
      if (asset.status === "PROCESSING_FAILED") {
        return refused(inputError(400, "MEDIA_ASSET_PROCESSING_FAILED", "/content", `${id} could not be processed`));
      }
    }
    const first = duplicateOf(post.author, body);
    if (first !== undefined) {
      const description = `Content is a duplicate of ${first.externalId ?? ""}`;
      return refused(inputError(422, "DUPLICATE_POST", "/", description));
    }
    const id = `urn:li:${post.content.mediaIds.length > 0 ? "ugcPost" : "share"}:${randomInt(1e14, 2e14)}`;
    const externalUrl = `${originOf(request)}/feed/${platform}/${encodeURIComponent(post.author)}/${encodeURIComponent(id)}`;
    return {
      answer: { status: 201, body: null, headers: { "x-restli-id": id } },
      entry: { outcome: "accepted", externalId: id, externalUrl },
    };
  }

  function duplicateOf(author: string, body: string): LedgerEntry | undefined {
    for (const entry of visible(author)) {
      if (deps.clock.now() - Date.parse(entry.receivedAt) > duplicateMs) return undefined;
      if (entry.body === body) return entry;
    }
    return undefined;
  }

  function list(author: string, countMax: number, lagMs: number): Effect {
    if (author.startsWith("urn:li:person:")) {
      return answered(plainError(403, "ACCESS_DENIED", "Not enough permissions to access: posts.FINDER-author"));
    }
    const elements = [];
    for (const entry of visible(author)) {
      if (elements.length >= countMax) break;
      if (deps.clock.now() - Date.parse(entry.receivedAt) >= lagMs) elements.push(describePost(entry));
    }
    return answered({ status: 200, body: { elements, paging: { start: 0, count: countMax, links: [] } } });
  }

  scope.post("/linkedin/rest/posts", (request, reply) => {
    const post = readPost(jsonBody(request));
    const read = "status" in post ? null : post;
    const content = read === null ? null : readersView(read, assets);
    const call = { stage: "publish" as const, account: read?.author ?? "unknown", content };
    return perform(request, reply, deps, call, (caller) => publish(request, caller, request.rawBody.toString("utf8")));
  });

  scope.get("/linkedin/rest/posts", (request, reply) => {
    const { q, author = "", count = "10" } = request.query as Record<string, string | undefined>;
    return perform(request, reply, deps, { stage: "list", account: author || "unknown" }, (_caller, { lagMs }) => {
      if (q !== "author")
        return answered(inputError(400, "INVALID_VALUE_FOR_FIELD", "/q", "only author can be asked for"));
      return list(author, Math.min(Math.max(1, Number(count) || 1), 100), lagMs);
    });
  });

  scope.get("/linkedin/rest/posts/:urn", (request, reply) => {
    const { urn } = request.params as { urn: string };
    const entry = [...ledger.newest()].find(
      ({ platform: of, outcome, externalId }) => of === platform && outcome === "accepted" && externalId === urn,
    );
    return perform(request, reply, deps, { stage: "read", account: entry?.account ?? "unknown" }, () =>
      answered(
        entry === undefined
          ? plainError(404, "NOT_FOUND", "Could not find entity")
          : { status: 200, body: describePost(entry) },
      ),
    );
  });
}

function readersView({ commentary, content }: PostIn, assets: Assets): Content {
  const media = content.mediaIds.map(({ id, altText }) => ({ url: assets.get(id)?.url ?? id, alt: altText }));
  return { text: shownText(commentary), media, link: content.article?.source ?? null, scheduledAt: null };
}

/** As it was posted, and when. */
function describePost({ externalId, account, body, receivedAt }: LedgerEntry) {
  const { commentary, content, visibility } = fieldsOf(JSON.parse(body));
  const at = Date.parse(receivedAt);
  return {
    id: externalId,
    author: account,
    commentary,
    ...(content === undefined ? {} : { content }),
    visibility,
    lifecycleState: "PUBLISHED",
    createdAt: at,
    publishedAt: at,
    lastModifiedAt: at,
  };
}
