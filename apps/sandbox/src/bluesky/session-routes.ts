/** Logging in, renewing a session, and looking names up. */
import { randomUUID } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { SandboxApp } from "../app.ts";
import type { PlatformDeps } from "../platform.ts";
import { parseToken } from "../tokens/tokens.ts";
import { didOf } from "./content-id.ts";
import { accessLifeSeconds, refreshLifeSeconds, signSession } from "./session-token.ts";
import { answered, bearerOf, callerOf, claimsOf, jsonBody, perform, platform, refused, xrpcError } from "./xrpc.ts";

/** A used refresh token gives the same successor for so long, in milliseconds. */
const graceMs = 7_200_000;
const successorsMax = 20_000;

export interface SessionRoutes {
  forget(): void;
}

export function sessionRoutes(scope: SandboxApp, deps: PlatformDeps): SessionRoutes {
  const { clock, tokens } = deps;
  /** By the refresh token's id: what replaced it, and when. */
  const successors = new Map<string, { session: object; atMs: number }>();

  function newSession(handle: string, token: string): Record<string, unknown> {
    const iat = Math.floor(clock.now() / 1_000);
    const did = didOf(handle);
    const claims = { sub: did, token, iat, jti: randomUUID() };
    return {
      did,
      handle,
      active: true,
      accessJwt: signSession({ ...claims, scope: "com.atproto.access", exp: iat + accessLifeSeconds }),
      refreshJwt: signSession({ ...claims, scope: "com.atproto.refresh", exp: iat + refreshLifeSeconds }),
    };
  }

  function renew(request: FastifyRequest) {
    const caller = callerOf(request, "com.atproto.refresh", deps);
    if ("status" in caller) return refused(caller, "prepare");
    const claims = claimsOf(bearerOf(request) ?? "");
    if (claims === null) return refused(xrpcError(400, "InvalidToken", "Bad token scope"), "prepare");
    const earlier = successors.get(claims.jti);
    if (earlier !== undefined && clock.now() < earlier.atMs + graceMs) return answered(200, earlier.session);
    if (earlier !== undefined) return refused(xrpcError(400, "ExpiredToken", "Token has been revoked"), "prepare");
    const session = newSession(caller.handle, claims.token);
    successors.set(claims.jti, { session, atMs: clock.now() });
    for (const oldest of successors.keys()) {
      if (successors.size <= successorsMax) break;
      successors.delete(oldest);
    }
    return answered(200, session);
  }

  scope.post("/bluesky/xrpc/com.atproto.server.createSession", (request, reply) => {
    const { identifier, password } = jsonBody(request);
    const handle = typeof identifier === "string" ? identifier.toLowerCase() : "";
    return perform(request, reply, deps, { stage: "prepare", account: handle }, () => {
      if (handle === "" || typeof password !== "string" || password === "") {
        return refused(xrpcError(400, "InvalidRequest", 'Input must have the property "identifier"'), "prepare");
      }
      // Every password does but one that was revoked; its serial is that of the tokens.
      const token = `sandbox.${handle}.${parseToken(password).serial}`;
      if (tokens.read(platform, token).kind === "revoked") {
        return refused(xrpcError(401, "AuthenticationRequired", "Invalid identifier or password"), "prepare");
      }
      return answered(200, newSession(handle, token));
    });
  });

  scope.post("/bluesky/xrpc/com.atproto.server.refreshSession", (request, reply) =>
    perform(request, reply, deps, { stage: "prepare" }, () => renew(request)),
  );

  scope.get("/bluesky/xrpc/com.atproto.server.getSession", (request, reply) =>
    perform(request, reply, deps, { stage: "read" }, () => {
      const caller = callerOf(request, "com.atproto.access", deps);
      return "status" in caller ? refused(caller, "read") : answered(200, { ...caller, active: true });
    }),
  );

  scope.get("/bluesky/xrpc/com.atproto.identity.resolveHandle", (request, reply) => {
    const { handle } = request.query as { handle?: unknown };
    return perform(request, reply, deps, { stage: "prepare" }, () => {
      // A name nobody has, for rehearsals.
      if (typeof handle !== "string" || handle.startsWith("nobody.")) {
        return refused(xrpcError(400, "InvalidRequest", "Unable to resolve handle"), "prepare");
      }
      return answered(200, { did: didOf(handle) });
    });
  });

  return { forget: () => successors.clear() };
}
