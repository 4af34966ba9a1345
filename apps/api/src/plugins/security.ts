/** Headers that keep browsers from doing anything with an answer that it was not made for. */
import helmet, { type FastifyHelmetOptions } from "@fastify/helmet";
import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";

/** For answers that are data: nothing may be loaded, framed or guessed. */
const dataPolicy: FastifyHelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  referrerPolicy: { policy: "no-referrer" },
};

/** For pages of ours whose scripts and styles come from here. Inline styles are what their libraries need. */
export const pagePolicy: FastifyHelmetOptions = {
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

export const security = fastifyPlugin(
  async (app: FastifyInstance) => {
    await app.register(helmet, { global: false });
    // Always the same, and costly to make up: the first answer shows what they are.
    let headers: [name: string, value: number | string | string[]][] | undefined;
    app.addHook("onRequest", (_request, reply, done) => {
      const { raw } = reply;
      if (headers === undefined) {
        reply.helmet(dataPolicy);
        headers = raw.getHeaderNames().map((name) => [name, raw.getHeader(name) ?? ""]);
      } else {
        for (const [name, value] of headers) raw.setHeader(name, value);
      }
      // Answers hold one company's data, and change by the second.
      reply.header("cache-control", "no-store");
      done();
    });
  },
  { name: "security" },
);
