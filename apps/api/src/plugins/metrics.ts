/** `/metrics`, for operators and their Prometheus, and the measuring of every request. */
import type { FastifyInstance } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { Type } from "typebox";
import type { ApiMetrics } from "../overview/api-metrics.ts";
import { operatorAuth, type OperatorAuthOptions } from "./operator-auth.ts";

export const metricsPath = "/metrics";
const MetricsText = Type.String({ title: "Metrics", description: "Prometheus' text format." });
const sample =
  "# HELP punctual_postgres_up Whether Postgres answered.\n# TYPE punctual_postgres_up gauge\npunctual_postgres_up 1\n";

export interface MetricsOptions {
  metrics: ApiMetrics;
  operators: OperatorAuthOptions;
}

/** Register before every route that is to be measured. */
export const metrics = fastifyPlugin<MetricsOptions>(
  async (app: FastifyInstance, { metrics, operators }) => {
    app.addHook("onResponse", ({ method, routeOptions }, reply, done) => {
      // The pattern, not the address, which anybody could make up.
      const route = routeOptions.url ?? "none";
      metrics.add("punctual_http_requests_total", { method, route, status: String(reply.statusCode) });
      if (!String(reply.getHeader("content-type")).startsWith("text/event-stream"))
        metrics.observe("punctual_http_request_duration_seconds", { route }, reply.elapsedTime / 1_000);
      done();
    });
    await app.register(async (scope) => {
      await scope.register(operatorAuth, operators);
      scope.get(
        metricsPath,
        {
          config: { quiet: true },
          schema: {
            operationId: "getMetrics",
            summary: "Metrics for Prometheus",
            description: "What they mean is told in docs/metrics.md. Workers serve theirs on their own ports.",
            response: {
              200: {
                description: "All metrics of this process and of the installation.",
                answerHeaders: [],
                content: { "text/plain": { schema: MetricsText, example: sample } },
              },
            },
          },
        },
        async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
      );
    });
  },
  { name: "metrics", dependencies: ["errors"] },
);
