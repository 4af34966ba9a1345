/**
 * Who is asking: a client application, by its API key. Every route behind this names the scope it needs; forgetting
 * to is an error at start, not an open door.
 */
import { apiKeyScopes, findApiKeyOwner, type ApiKeyOwner, type ApiKeyScope, type Database } from "@punctual/db";
import type { FastifyInstance, FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { ProblemError } from "../problem.ts";
import { createKeyUseNotes } from "./key-use.ts";

const challenge = 'Bearer realm="punctual"';

export const auth = fastifyPlugin<{ database: Database }>(
  async (app: FastifyInstance, { database }) => {
    app.addHook("onRoute", ({ config, method, url }) => {
      if (config?.scope === undefined) throw new Error(`${[method].flat().join(" ")} ${url} names no scope`);
    });
    const uses = createKeyUseNotes({ database, logger: app.log });
    app.addHook("onClose", () => uses.settled());
    app.addHook("onRequest", async (request) => {
      const owner = await identify(request, database);
      uses.note(owner);
      const needed = request.routeOptions.config.scope ?? "admin";
      if (apiKeyScopes.indexOf(owner.scope) < apiKeyScopes.indexOf(needed)) throw forbidden(owner.scope, needed);
      request.caller = owner;
      request.log = request.log.child({ companyId: owner.companyId, apiKeyId: owner.apiKeyId });
    });
  },
  { name: "auth" },
);

/** @throws {ProblemError} 401 */
async function identify(request: FastifyRequest, database: Database): Promise<ApiKeyOwner> {
  const { authorization } = request.headers;
  if (authorization === undefined)
    throw unauthorized("missing_api_key", "Send your API key: `Authorization: Bearer <key>`.", challenge);
  const key = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  const owner = key === undefined ? null : await findApiKeyOwner(database, key);
  if (owner === null) {
    throw unauthorized(
      "invalid_api_key",
      "The API key is unknown, revoked or expired.",
      `${challenge}, error="invalid_token"`,
    );
  }
  return owner;
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
