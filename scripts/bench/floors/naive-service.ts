/**
 * The floor of scheduling: the service a team wires together in an afternoon. Fastify with the same schema as ours,
 * Prisma's `create`, then `await queue.add`. It asks for no key, looks no account up, keeps no idempotency record and
 * writes no event; a crash between its two steps loses the post, and it answers nothing while Redis is away.
 */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { newId, openDatabase } from "@punctual/db";
import { createLogger } from "@punctual/runtime";
import { Queue } from "bullmq";
import Fastify from "fastify";
import { Redis } from "ioredis";
import { PostIn } from "../../../apps/api/src/posts/schemas.ts";
import { answerParent } from "../parent.ts";

if (import.meta.main) {
  const { DATABASE_URL = "", REDIS_URL = "", COMPANY_ID = "" } = process.env;
  const { prisma } = openDatabase(
    { url: DATABASE_URL, pooled: false, connectionsMax: 20, applicationName: "naive" },
    { logger: createLogger("naive", "silent") },
  );
  const queue = new Queue<{ postId: string }>("naive", {
    connection: new Redis(REDIS_URL, { maxRetriesPerRequest: null }),
  });
  const app = Fastify({
    ajv: { customOptions: { removeAdditional: false, useDefaults: false, allErrors: true, coerceTypes: false } },
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.post("/v1/posts", { schema: { body: PostIn } }, async ({ body }, reply) => {
    const now = new Date();
    const scheduledAt = new Date(body.scheduledAt ?? now);
    const post = await prisma.post.create({
      data: {
        id: newId(),
        companyId: COMPANY_ID,
        socialAccountId: body.socialAccountId,
        platform: "webhook",
        content: body.text,
        media: body.media ?? [],
        link: body.link ?? null,
        options: {},
        metadata: body.metadata ?? {},
        scheduledAt,
        graceMinutes: 2_880,
        whenLate: "miss",
        lateAt: new Date(scheduledAt.getTime() + 2_880 * 60_000),
        status: "scheduled",
        acceptedAt: now,
        maxAttempts: body.maxAttempts ?? 5,
        nextAttemptAt: scheduledAt,
        createdAt: now,
        updatedAt: now,
      },
      select: { id: true, content: true, media: true, link: true, metadata: true, scheduledAt: true, status: true },
    });
    await queue.add(
      "publish",
      { postId: post.id },
      {
        delay: Math.max(0, scheduledAt.getTime() - Date.now()),
        attempts: 5,
        backoff: { type: "exponential", delay: 2_000 },
        removeOnComplete: true,
        removeOnFail: 5_000,
      },
    );
    return reply.code(201).send(post);
  });

  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  answerParent({ url }, async () => null);
}
