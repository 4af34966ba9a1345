/**
 * A process that cannot keep up turns new requests away at once, with 503 and when to come back, instead of letting all
 * of them wait until they are worth nothing. What watches the process is always answered.
 */
import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { ProblemError } from "../problem.ts";
import { watchEventLoop, type EventLoopPressureOptions } from "./event-loop-pressure.ts";

/** Addresses an orchestrator or a monitor asks. */
const alwaysServed: ReadonlySet<string> = new Set(["/livez", "/readyz", "/healthz", "/metrics"]);
const retryAfterSeconds = "2";

export const pressure = fastifyPlugin<EventLoopPressureOptions>(
  async (app: FastifyInstance, options) => {
    const eventLoop = watchEventLoop(options);
    app.addHook("onClose", async () => eventLoop.stop());
    app.addHook("onRequest", (request, _reply, done) => {
      if (!eventLoop.isHigh() || alwaysServed.has(request.routeOptions.url ?? "")) return done();
      const headers = { "retry-after": retryAfterSeconds };
      done(new ProblemError(503, "overloaded", "The service has more to do than it can; try again.", { headers }));
    });
  },
  { name: "pressure" },
);
