/** Headers that keep browsers from doing anything with an answer that it was not made for. */
import { IncomingMessage, ServerResponse, type OutgoingHttpHeaders } from "node:http";
import { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";
import helmet, { type HelmetOptions } from "helmet";

/** For answers that are data: nothing may be loaded, framed or guessed. */
const dataPolicy: HelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  referrerPolicy: { policy: "no-referrer" },
};

/** For pages of ours whose scripts and styles come from here. Inline styles are what their libraries need. */
const pagePolicy: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", "data:"],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  referrerPolicy: { policy: "same-origin" },
};

/** Always the same, and costly to make up. An answer of Node's own, which goes nowhere, shows what they are. */
export function headersOf(policy: HelmetOptions): OutgoingHttpHeaders {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  helmet(policy)(request, response, () => {});
  return response.getHeaders();
}

export const pageHeaders = headersOf(pagePolicy);

export const security = fastifyPlugin(
  async (app: FastifyInstance) => {
    // Answers hold one company's data, and change by the second.
    const headers = { ...headersOf(dataPolicy), "cache-control": "no-store" };
    app.addHook("onRequest", (_request, reply, done) => {
      // Not on the raw answer: Node writes an answer that has headers already in a much slower way.
      reply.headers(headers);
      done();
    });
  },
  { name: "security" },
);
