/**
 * Who is asking: a client application, by its API key. Every route behind this names the scope it needs; forgetting
 * to is an error at start, not an open door. Every request is counted against its key's limit, whatever becomes of it.
 */
import { apiKeyScopes, findApiKeyOwner, type ApiKeyOwner, type ApiKeyScope, type Database } from "@punctual/db";
import type { Logger } from "@punctual/runtime";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { ProblemError } from "../problem.ts";
import { createAttemptLimit, type AttemptLimit } from "../rate-limits/attempt-limit.ts";
import { countRequest, type KeyRates } from "../rate-limits/key-limit.ts";
import { createKnownKeys, type KnownKeys } from "../rate-limits/known-keys.ts";
import { createKeyUseNotes } from "./key-use.ts";

const challenge = 'Bearer realm="punctual"';

export interface AuthOptions {
  database: Database;
  keyRates: KeyRates;
}

export const auth = fastifyPlugin<AuthOptions>(
  async (app: FastifyInstance, { database, keyRates }) => {
    app.addHook("onRoute", ({ config, method, url }) => {
      if (config?.scope === undefined) throw new Error(`${[method].flat().join(" ")} ${url} names no scope`);
    });
    const uses = createKeyUseNotes({ database, logger: app.log });
    app.addHook("onClose", () => uses.settled());
    const doors: Doors = {
      database,
      keyRates,
      knownKeys: createKnownKeys(app.limits.keysRememberedMax),
      wrongKeys: createAttemptLimit("wrong API keys", {
        limit: app.limits.wrongKeysPerMinuteMax,
        windowMs: 60_000,
        namesMax: app.limits.addressesRememberedMax,
      }),
    };
    app.addHook("onRequest", async (request, reply) => {
      const owner = await identify(request, reply, doors);
      uses.note(owner);
      const needed = request.routeOptions.config.scope ?? "admin";
      if (apiKeyScopes.indexOf(owner.scope) < apiKeyScopes.indexOf(needed)) throw forbidden(owner.scope, needed);
      request.caller = owner;
      // Its own since Fastify made it. A child of it would make it a prototype, and every request's logger a class of its own.
      (request.log as Logger).setBindings({ companyId: owner.companyId, apiKeyId: owner.apiKeyId });
    });
  },
  { name: "auth" },
);

interface Doors {
  database: Database;
  keyRates: KeyRates;
  knownKeys: KnownKeys;
  wrongKeys: AttemptLimit;
}

/** @throws {ProblemError} 401, 429 */
async function identify(request: FastifyRequest, reply: FastifyReply, doors: Doors): Promise<ApiKeyOwner> {
  const { database, keyRates, knownKeys, wrongKeys } = doors;
  const key = keyOf(request);
  const knownId = key === null ? null : knownKeys.idOf(key);
  // Before Postgres is asked, so that what is refused costs next to nothing.
  const refusal = knownId === null ? wrongKeys.refusal(request.ip) : countRequest(keyRates, knownId, reply);
  if (refusal !== null) throw refusal;
  const owner = key === null ? null : await findApiKeyOwner(database, key);
  if (key === null || owner === null) {
    if (key !== null) knownKeys.forget(key);
    wrongKeys.failed(request.ip);
    throw unauthorized(
      "invalid_api_key",
      "The API key is unknown, revoked or expired.",
      `${challenge}, error="invalid_token"`,
    );
  }
  knownKeys.note(key, owner.apiKeyId);
  const late = knownId === null ? countRequest(keyRates, owner.apiKeyId, reply) : null;
  if (late !== null) throw late;
  return owner;
}

/** Null: what was sent is none. @throws {ProblemError} 401 if nothing was sent */
function keyOf({ headers: { authorization } }: FastifyRequest): string | null {
  if (authorization === undefined)
    throw unauthorized("missing_api_key", "Send your API key: `Authorization: Bearer <key>`.", challenge);
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? null;
}

function unauthorized(code: string, detail: string, authenticate: string): ProblemError {
  return new ProblemError(401, code, detail, { headers: { "www-authenticate": authenticate } });
}

function forbidden(given: ApiKeyScope, needed: ApiKeyScope): ProblemError {
  const detail = `This needs a key of scope ${needed}; yours has ${given}.`;
  const headers = { "www-authenticate": `${challenge}, error="insufficient_scope", scope="${needed}"` };
  return new ProblemError(403, "insufficient_scope", detail, { headers });
}

declare module "fastify" {
  interface FastifyRequest {
    /** Whose key came with the request; set on every route behind `auth`. */
    caller: ApiKeyOwner;
  }
  interface FastifyContextConfig {
    /** The least scope that may call the route. */
    scope?: ApiKeyScope;
  }
}
