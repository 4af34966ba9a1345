/** A network where a repeat doubles, but the very thing can be read. The protocol is told in `protocol.ts`. */
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { accountParams } from "../accounts/routes.ts";
import { type SandboxApp, takeJsonBodies } from "../app.ts";
import type { Call, Effect } from "../exchange.ts";
import type { PlatformDeps, SandboxPlatform } from "../platform.ts";
import { createHandles, type Handle } from "./handles.ts";
import {
  callWith,
  describeError,
  describePost,
  lookUp,
  published,
  publishing,
  refused,
  refusedDuplicate,
} from "./protocol.ts";
import { createUnderWay } from "./under-way.ts";

const platform = "test_confirmable";
const limits = { handlesMax: 200_000, charactersMax: 64 * 1024 * 1024 } as const;

const handleParams = Type.Object({ ...accountParams.properties, handle: Type.String({ pattern: "^[0-9a-f]{16}$" }) });
const keyQuery = Type.Object({ key: Type.String({ minLength: 1, maxLength: 200 }) }, { additionalProperties: false });

export function createConfirmablePlatform({ ledger, exchange, accounts }: PlatformDeps): SandboxPlatform {
  const handles = createHandles(limits);
  const underWay = createUnderWay();

  function publish(call: Call): { effect: Effect; post: { id: string; url: string } | null } {
    const { account } = call;
    const duplicate = accounts.get(account).refuseDuplicates ? refusedDuplicate(ledger, call) : null;
    if (duplicate !== null) return { effect: duplicate, post: null };
    const post = exchange.newPost(platform, account);
    return { effect: published(post), post };
  }

  function publishHandle(handle: Handle | undefined, call: Call): Effect {
    if (handle === undefined) return refused(404, "unknown_handle", "There is no such handle.");
    if (handle.post !== null) return refused(409, "duplicate", "This handle was published already.");
    const { effect, post } = publish(call);
    handle.post = post;
    return effect;
  }

  function readHandle(handle: Handle | undefined): Effect {
    if (handle === undefined) {
      const error = { code: "unknown_handle", message: "There is no such handle." };
      return { answer: { status: 404, body: { error } }, entry: null };
    }
    const { id, post } = handle;
    const unpublished = underWay.has(handleName(id)) ? "publishing" : "unpublished";
    const body = { handle: id, status: post === null ? unpublished : "published", ...post };
    return { answer: { status: 200, body }, entry: null };
  }

  function readPost(account: string, key: string): Effect {
    const entry = ledger.acceptedUnder(platform, account, key);
    const data = entry === undefined ? [] : [{ ...describePost(entry), key }];
    return { answer: { status: 200, body: { data, underWay: underWay.has(keyName(account, key)) } }, entry: null };
  }

  function postRoutes(scope: SandboxApp): void {
    scope.post("/test/confirmable/:account/posts", { schema: publishing }, (request, reply) => {
      const { account } = request.params;
      const { key = null } = request.body;
      const call = callWith(request.body, { platform, account, stage: "publish", key });
      const perform = () => exchange.perform(request, reply, call, () => publish(call).effect);
      return key === null ? perform() : underWay.during(keyName(account, key), perform);
    });

    scope.get(
      "/test/confirmable/:account/posts",
      { schema: { params: accountParams, querystring: keyQuery } },
      (request, reply) => {
        const { account } = request.params;
        const { key } = request.query;
        const call = lookUp(platform, account, "read", key);
        return exchange.perform(request, reply, call, () => readPost(account, key));
      },
    );
  }

  function handleRoutes(scope: SandboxApp): void {
    scope.post("/test/confirmable/:account/handles", { schema: publishing }, (request, reply) => {
      const { account } = request.params;
      const call = callWith(request.body, { platform, account, stage: "prepare", key: request.body.key ?? null });
      return exchange.perform(request, reply, call, () => {
        const { id } = handles.create(call, bodyOf(request));
        return { answer: { status: 201, body: { handle: id, status: "unpublished" } }, entry: null };
      });
    });

    scope.post(
      "/test/confirmable/:account/handles/:handle/publish",
      { schema: { params: handleParams } },
      (request, reply) => {
        const { account, handle: id } = request.params;
        const handle = handles.get(account, id);
        const call = publishingCall(account, id, handle);
        return underWay.during(handleName(id), () =>
          exchange.perform(request, reply, call, () => publishHandle(handle, call)),
        );
      },
    );

    scope.get("/test/confirmable/:account/handles/:handle", { schema: { params: handleParams } }, (request, reply) => {
      const { account, handle: id } = request.params;
      const handle = handles.get(account, id);
      const call = { ...lookUp(platform, account, "read", id), postId: handle?.call.postId ?? null };
      return exchange.perform(request, reply, call, () => readHandle(handle));
    });
  }

  return {
    name: platform,
    displayName: "Test network (confirmable)",
    routes(scope) {
      takeJsonBodies(scope);
      postRoutes(scope);
      handleRoutes(scope);
    },
    forget: () => handles.clear(),
  };
}

/** The call that publishes what an earlier one brought. */
function publishingCall(account: string, id: string, handle: Handle | undefined): Call {
  const { postId = null, revision = null, content = null } = handle?.call ?? {};
  return {
    platform,
    account,
    stage: "publish",
    postId,
    revision,
    key: id,
    content,
    describeError,
    ...(handle === undefined ? {} : { earlierBody: handle.body }),
  };
}

function bodyOf(request: FastifyRequest): string {
  return request.rawBody.toString("utf8");
}

function keyName(account: string, key: string): string {
  return `key ${account} ${key}`;
}

function handleName(id: string): string {
  return `handle ${id}`;
}
