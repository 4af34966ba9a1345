/** Is the process alive, and can it serve. Without Redis it can: posts are accepted and stored, and enqueued later. */
import { schemaFaults, type Database } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import { withinMs } from "@punctual/runtime";
import { answer } from "../answer.ts";
import { Type } from "typebox";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";

const databaseTimeoutMs = 2_000;

const Live = Type.Object({ status: Type.Literal("ok") }, { title: "Live" });
const Ready = Type.Object(
  {
    status: Type.Enum(["ok", "degraded"]),
    reasons: Type.Optional(Type.Array(Type.String(), { description: "For people, if degraded." })),
  },
  { title: "Ready", examples: [{ status: "ok" }] },
);
const Unready = Type.Object(
  { status: Type.Literal("unavailable"), reasons: Type.Array(Type.String()) },
  { title: "Unready", examples: [{ status: "unavailable", reasons: ["Postgres does not answer."] }] },
);

export interface HealthDeps {
  database: Database;
  producer: PublishProducer;
}

export const health: FastifyPluginAsyncTypebox<HealthDeps> = async (app, { database, producer }) => {
  app.get(
    "/livez",
    {
      config: { quiet: true },
      schema: {
        operationId: "getLiveness",
        summary: "Whether the process lives",
        response: { 200: answer(Live, "It does.") },
      },
    },
    async () => ({ status: "ok" as const }),
  );

  app.get(
    "/readyz",
    {
      config: { quiet: true },
      schema: {
        operationId: "getReadiness",
        summary: "Whether the process can serve",
        description: "Without Redis it can: posts are accepted and stored, and enqueued later.",
        response: {
          200: answer(Ready, "It can; if degraded, the reasons say how."),
          503: answer(Unready, "It cannot: Postgres is away, or its schema is not this version's."),
        },
      },
    },
    async (_request, reply) => {
      const silent = ["Postgres does not answer."];
      const [faults, redisAnswers] = await Promise.all([
        withinMs(
          databaseTimeoutMs,
          schemaFaults(database).catch(() => silent),
          silent,
        ),
        producer.isReady(),
      ]);
      if (faults.length > 0) return reply.code(503).send({ status: "unavailable", reasons: faults });
      if (!redisAnswers)
        return { status: "degraded" as const, reasons: ["Redis does not answer; posts are enqueued later."] };
      return { status: "ok" as const };
    },
  );
};
