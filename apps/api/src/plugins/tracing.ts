/** A span for every request, which whatever is done for it follows from. Does nothing where no traces are kept. */
import type { Span, Tracing } from "@punctual/runtime";
import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";

export const tracing = fastifyPlugin<{ tracing: Tracing }>(
  async (app: FastifyInstance, { tracing }) => {
    if (!tracing.isOn) return;
    app.decorateRequest("span");
    app.addHook("onRequest", (request, _reply, done) => {
      const { method, id, headers } = request;
      const route = request.routeOptions.url ?? "none";
      const { traceparent } = headers;
      request.span = tracing.begin({
        name: `${method} ${route}`,
        kind: "server",
        parent: typeof traceparent === "string" ? traceparent : null,
        attributes: { "http.request.method": method, "http.route": route, "punctual.request_id": id },
      });
      tracing.during(request.span, done);
    });
    // Reading the body led out of it.
    app.addHook("preValidation", (request, _reply, done) => tracing.during(request.span, done));
    app.addHook("onResponse", async ({ span }, { statusCode }) => {
      span.set({ "http.response.status_code": statusCode });
      if (statusCode >= 500) span.fail(String(statusCode));
      span.end();
    });
  },
  { name: "tracing" },
);

declare module "fastify" {
  interface FastifyRequest {
    /** Set only where traces are kept. */
    span: Span;
  }
}
