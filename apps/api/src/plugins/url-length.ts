/** Addresses longer than any of ours are refused before anybody looks at them. Headers as a whole Node limits. */
import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { ProblemError } from "../problem.ts";

export const urlLength = fastifyPlugin<{ urlLengthMax: number }>(
  async (app: FastifyInstance, { urlLengthMax }) => {
    app.addHook("onRequest", (request, _reply, done) => {
      if (request.url.length <= urlLengthMax) return done();
      done(new ProblemError(414, "url_too_long", `The address has more than ${urlLengthMax} characters.`));
    });
  },
  { name: "url-length" },
);
