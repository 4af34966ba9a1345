/**
 * One id leads from a request through our logs to the job, the attempt and the delivery. Callers may choose it; it is
 * on every answer, and one line of log tells how the request ended.
 */
import type { IncomingMessage } from "node:http";
import { newId } from "@punctual/db";
import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";

const acceptable = /^[A-Za-z0-9._-]{1,128}$/;

/** Fastify's `genReqId`. */
export function requestIdOf({ headers }: Pick<IncomingMessage, "headers">): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && acceptable.test(given) ? given : newId();
}

export const requestId = fastifyPlugin(
  async (app: FastifyInstance) => {
    app.addHook("onRequest", (request, reply, done) => {
      reply.header("x-request-id", request.id);
      done();
    });
    app.addHook("onResponse", (request, reply, done) => {
      // The route's pattern, not the address: query strings are the caller's business.
      const { url: route = null, config } = request.routeOptions;
      const line = {
        method: request.method,
        route,
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 10) / 10,
      };
      if (config.quiet === true && reply.statusCode < 400) request.log.debug(line, "request answered");
      else request.log.info(line, "request answered");
      done();
    });
  },
  { name: "request-id" },
);

declare module "fastify" {
  interface FastifyContextConfig {
    /** True for what is asked for every few seconds: logged only if it fails. */
    quiet?: boolean;
  }
}
