/** Writing and reading records, and the blobs they refer to. */
import { randomInt } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { SandboxApp } from "../app.ts";
import type { Effect } from "../exchange.ts";
import type { PlatformDeps } from "../platform.ts";
import { canonicalJson, contentId, didOf } from "./content-id.ts";
import type { Points } from "./points.ts";
import { faultOf, readPost } from "./post-record.ts";
import type { Repository } from "./repository.ts";
import {
  answered,
  type Caller,
  callerOf,
  jsonBody,
  limitHeaders,
  perform,
  platform,
  refused,
  xrpcError,
} from "./xrpc.ts";

export interface RecordParts extends PlatformDeps {
  repository: Repository;
  points: Points;
}

interface Write {
  repo: string;
  collection: string;
  rkey: string | null;
  record: unknown;
  /** Undefined: whatever is there is replaced. Null: nothing may be there. */
  swapRecord: unknown;
  validate: boolean;
}

const blobBytesMax = 52_428_800;
const keyPattern = /^[234567abcdefghij][234567a-z]{12}$/;

export function recordRoutes(scope: SandboxApp, parts: RecordParts): void {
  const { repository, uploads } = parts;

  for (const method of ["createRecord", "putRecord"] as const) {
    scope.post(`/bluesky/xrpc/com.atproto.repo.${method}`, (request, reply) => {
      const write = readWrite(request);
      const find = (cid: string) => repository.blob(didNamed(write.repo), cid);
      const call = { stage: "publish", key: write.rkey, content: readPost(write.record, find) } as const;
      return perform(request, reply, parts, call, () => {
        const caller = callerOf(request, "com.atproto.access", parts);
        if ("status" in caller) return refused(caller, "publish");
        return method === "putRecord" ? put(caller, write, parts) : create(caller, write, parts);
      });
    });
  }

  scope.post("/bluesky/xrpc/com.atproto.repo.deleteRecord", (request, reply) => {
    const { repo, collection, rkey } = readWrite(request);
    return perform(request, reply, parts, { stage: "prepare" }, () => {
      const caller = callerOf(request, "com.atproto.access", parts);
      if ("status" in caller) return refused(caller, "prepare");
      repository.remove(didNamed(repo), collection, rkey ?? "");
      return answered(200, {});
    });
  });

  scope.post("/bluesky/xrpc/com.atproto.repo.uploadBlob", { bodyLimit: blobBytesMax }, (request, reply) =>
    perform(request, reply, parts, { stage: "prepare" }, () => {
      const caller = callerOf(request, "com.atproto.access", parts);
      if ("status" in caller) return refused(caller, "prepare");
      const bytes = request.rawBody ?? Buffer.alloc(0);
      const type = request.headers["content-type"] ?? "application/octet-stream";
      const cid = contentId(bytes, "raw");
      if (repository.blob(caller.did, cid) === undefined) {
        repository.keepBlob(caller.did, { cid, type, bytes: bytes.length, url: uploads.keep(bytes) });
      }
      return answered(200, { blob: { $type: "blob", ref: { $link: cid }, mimeType: type, size: bytes.length } });
    }),
  );

  scope.get("/bluesky/xrpc/com.atproto.repo.getRecord", (request, reply) => {
    const { repo = "", collection = "", rkey = "" } = request.query as Record<string, string>;
    const record = () => repository.get(didNamed(repo), collection, rkey);
    return perform(
      request,
      reply,
      parts,
      { stage: "read", account: repository.handleOf(didNamed(repo)), key: rkey },
      () => {
        const found = record();
        if (found === undefined)
          return answered(400, { error: "RecordNotFound", message: `Could not locate record: ${rkey}` });
        return answered(200, { uri: found.uri, cid: found.cid, value: found.value });
      },
    );
  });

  scope.get("/bluesky/xrpc/com.atproto.repo.listRecords", (request, reply) => {
    const { repo = "", collection = "", limit = "50" } = request.query as Record<string, string>;
    return perform(
      request,
      reply,
      parts,
      { stage: "list", account: repository.handleOf(didNamed(repo)) },
      ({ lagMs }) => {
        const untilMs = parts.clock.now() - lagMs;
        const records = repository
          .list(didNamed(repo), collection)
          .filter(({ writtenAtMs }) => lagMs === 0 || writtenAtMs <= untilMs)
          .slice(0, Math.min(100, Number(limit) || 50))
          .map(({ uri, cid, value }) => ({ uri, cid, value }));
        return answered(200, { records });
      },
    );
  });
}

function readWrite(request: FastifyRequest): Write {
  const { repo, collection, rkey, record, swapRecord, validate } = jsonBody(request);
  return {
    repo: typeof repo === "string" ? repo : "",
    collection: typeof collection === "string" ? collection : "",
    rkey: typeof rkey === "string" ? rkey : null,
    record,
    swapRecord,
    validate: validate !== false,
  };
}

/** The key is the sender's: the same again changes nothing, something else is refused where nothing may be. */
function put(caller: Caller, write: Write, parts: RecordParts): Effect {
  if (write.rkey === null) return invalid('Input must have the property "rkey"');
  const present = parts.repository.get(caller.did, write.collection, write.rkey);
  if (present === undefined) return writeNew(caller, write, write.rkey, parts);
  const { uri, cid, json } = present;
  if (json === canonicalJson(write.record)) {
    const answer = { status: 200, body: { uri, cid, validationStatus: "valid" } };
    return { answer, entry: { outcome: "repeat", externalId: uri, externalUrl: pageOf(parts, caller, uri) } };
  }
  if (write.swapRecord === undefined || write.swapRecord === cid) return writeNew(caller, write, write.rkey, parts);
  return refused(xrpcError(400, "InvalidSwap", `Record was at ${cid}`), "publish");
}

function create(caller: Caller, write: Write, parts: RecordParts): Effect {
  const rkey = write.rkey ?? newKey(parts.clock.now());
  // As the reference server does, by accident rather than by design.
  if (parts.repository.get(caller.did, write.collection, rkey) !== undefined) {
    return refused(xrpcError(500, "InternalServerError", "Internal Server Error"), "publish");
  }
  return writeNew(caller, write, rkey, parts);
}

function writeNew(caller: Caller, write: Write, rkey: string, parts: RecordParts): Effect {
  const { repository, points, clock, accounts } = parts;
  const { did, handle } = caller;
  if (didNamed(write.repo) !== did) return invalid("Invalid repo");
  if (!keyPattern.test(rkey)) return invalid("Invalid record key: Expected a TID");
  if (write.collection !== "app.bsky.feed.post") return invalid(`Lexicon not found: lex:${write.collection}`);
  const fault = write.validate ? faultOf(write.record, (cid) => repository.blob(did, cid)) : null;
  if (fault !== null) return refused(xrpcError(400, fault.error, fault.message), "publish");
  const resetMs = points.take(handle, clock.now(), accounts.get(handle).publishingQuota);
  if (resetMs !== null) {
    return refused(xrpcError(429, "RateLimitExceeded", "Rate Limit Exceeded", limitHeaders(resetMs)), "publish");
  }
  repository.name(did, handle);
  const json = canonicalJson(write.record);
  const cid = contentId(json, "record");
  const uri = `at://${did}/${write.collection}/${rkey}`;
  const { collection, record: value } = write;
  repository.put({ did, collection, rkey, uri, cid, json, value, writtenAtMs: clock.now() });
  const commit = { cid: contentId(`${json}${rkey}`, "record"), rev: newKey(clock.now()) };
  return {
    answer: { status: 200, body: { uri, cid, commit, validationStatus: write.validate ? "valid" : "unknown" } },
    entry: { outcome: "accepted", externalId: uri, externalUrl: pageOf(parts, caller, uri) },
  };
}

function pageOf({ baseUrl }: RecordParts, { handle }: Caller, uri: string): string {
  return new URL(`/feed/${platform}/${encodeURIComponent(handle)}/${encodeURIComponent(uri)}`, baseUrl()).href;
}

function invalid(message: string): Effect {
  return refused(xrpcError(400, "InvalidRequest", message), "publish");
}

/** A repository is named by its DID or by its handle. */
function didNamed(repo: string): string {
  return repo.startsWith("did:") ? repo : didOf(repo);
}

const alphabet = "234567abcdefghijklmnopqrstuvwxyz";

/** A TID of that moment (atproto.com/specs/tid). */
function newKey(nowMs: number): string {
  let rest = ((BigInt(Math.floor(nowMs)) * 1_000n) << 10n) | BigInt(randomInt(1_024));
  let key = "";
  for (let index = 0; index < 13; index += 1) {
    key = alphabet.charAt(Number(rest & 31n)) + key;
    rest >>= 5n;
  }
  return key;
}
