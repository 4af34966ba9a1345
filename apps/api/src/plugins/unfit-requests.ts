/**
 * Requests that Node would answer by itself with a bare status line: without a host, or with an expectation nobody
 * knows. Here they go the way of all requests, so that the refusal has a request id and says what is wrong.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { ProblemError } from "../problem.ts";

/** For the server: what it must not decide by itself. */
export const unfitRequestOptions = { requireHostHeader: false } as const;

export const unfitRequests = fastifyPlugin(
  async (app: FastifyInstance) => {
    app.server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
      app.server.emit("request", request, response);
    });
    app.addHook("onRequest", async ({ headers, raw }) => {
      if (headers.host === undefined && raw.httpVersion !== "1.0") {
        throw new ProblemError(400, "missing_host", "A request must name its host.");
      }
      if (headers.expect !== undefined && headers.expect.toLowerCase() !== "100-continue") {
        throw new ProblemError(417, "expectation_failed", "The only expectation that can be met is 100-continue.");
      }
    });
  },
  { name: "unfit-requests" },
);
