/** `/v1/operator/audit`: what operators did. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { listOperatorActions, type Database, type OperatorActionRecord } from "@punctual/db";
import { answer } from "../answer.ts";
import { readPage } from "../page.ts";
import { AuditPage, AuditQuery, type AuditEntry } from "./audit-schemas.ts";

export const auditRoutes: FastifyPluginAsyncTypebox<{ database: Database }> = async (app, { database }) => {
  app.get(
    "/audit",
    {
      config: { quiet: true },
      schema: {
        operationId: "listActions",
        summary: "What operators did, newest first",
        querystring: AuditQuery,
        response: { 200: answer(AuditPage, "A page of actions.") },
      },
    },
    async ({ query }) => {
      const filter = {
        user: query.user ?? null,
        action: query.action ?? null,
        postId: query.postId ?? null,
        socialAccountId: query.socialAccountId ?? null,
      };
      const { rows, nextCursor } = await readPage(query, (page) => listOperatorActions(database, { filter, ...page }));
      return { data: rows.map(toEntry), nextCursor };
    },
  );
};

function toEntry({ createdAt, statusCode, detail, ...action }: OperatorActionRecord): AuditEntry {
  return { ...action, detail: { ...detail }, at: createdAt.toISOString(), status: statusCode };
}
