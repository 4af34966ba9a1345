/**
 * Is the process alive, can it serve, and do posts go out. Without Redis it can serve: posts are accepted and stored,
 * and enqueued later. Whether posts go out is another question, asked of the whole installation: nothing is restarted
 * or taken out of service for it, somebody is woken.
 */
import { schemaFaults, type Database } from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";
import { withinMs } from "@punctual/runtime";
import { answer } from "../answer.ts";
import type { FactsReader } from "../overview/installation-facts.ts";
import { judge } from "../overview/judgement.ts";
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

const Outgoing = Type.Object(
  {
    status: Type.Enum(["ok", "degraded", "down"]),
    reasons: Type.Array(
      Type.Object({
        code: Type.String({ description: "For programs; stable." }),
        severity: Type.Enum(["down", "degraded", "notice"]),
        message: Type.String({ description: "For people." }),
      }),
      { description: "The most severe first; empty: nothing is wrong." },
    ),
  },
  {
    title: "Outgoing",
    examples: [
      {
        status: "down",
        reasons: [{ code: "no_worker", severity: "down", message: "Posts are due and no worker is running." }],
      },
    ],
  },
);

export interface HealthDeps {
  database: Database;
  producer: PublishProducer;
  reader: FactsReader;
}

export const health: FastifyPluginAsyncTypebox<HealthDeps> = async (app, { database, producer, reader }) => {
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

  app.get(
    "/healthz",
    {
      config: { quiet: true },
      schema: {
        operationId: "getOutgoing",
        summary: "Whether posts go out",
        description:
          "503 when no worker is live or a platform with due posts has none, when the longest due post is too old although a worker could take it, when Redis may evict, or when Postgres does not answer. Posts that are held or wait for a limit do not count.",
        response: {
          200: answer(Outgoing, "They do; if degraded, the reasons say what is wrong all the same."),
          503: answer(Outgoing, "They do not."),
        },
      },
    },
    async (_request, reply) => {
      const facts = await withinMs(
        databaseTimeoutMs,
        reader.read().catch(() => null),
        null,
      );
      if (facts === null) return reply.code(503).send({ status: "down", reasons: [postgresAway] });
      const { state, reasons } = judge(facts);
      if (state === "down") return reply.code(503).send({ status: "down", reasons });
      return { status: state === "healthy" ? ("ok" as const) : state, reasons };
    },
  );
};

const postgresAway = { code: "postgres_away", severity: "down", message: "Postgres does not answer." } as const;
