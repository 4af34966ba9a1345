/** `/v1/operator/companies/{id}/api-keys`: whom a company's client applications are let in as. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { findCompany, issueApiKey, listApiKeys, revokeApiKey, type ApiKeyRecord, type Database } from "@punctual/db";
import { answer, noSuch, problems } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import { PageQuery, readPage } from "../page.ts";
import { readInstant } from "../posts/post-time.ts";
import { notFound, ProblemError } from "../problem.ts";
import { ApiKeyIn, ApiKeyIssued, ApiKeyOut, ApiKeyPage, ApiKeyParams } from "./schemas.ts";

export const apiKeyRoutes: FastifyPluginAsyncTypebox<{ database: Database }> = async (app, { database }) => {
  app.post(
    "/companies/:id/api-keys",
    {
      config: { audit: { action: "api_key.make", about: "companyId", keepBody: true } },
      schema: {
        operationId: "issueApiKey",
        summary: "Make an API key",
        params: IdParams,
        body: ApiKeyIn,
        response: {
          201: answer(ApiKeyIssued, "The key, which is shown this once."),
          ...problems({
            404: noSuch("company"),
            422: {
              already_expired: {
                detail: "/expiresAt: the instant has passed already",
                issues: [{ path: "/expiresAt", code: "already_expired", message: "the instant has passed already" }],
              },
              invalid_instant: {
                detail: "/expiresAt: there is no such instant",
                issues: [{ path: "/expiresAt", code: "invalid_instant", message: "there is no such instant" }],
              },
            },
          }),
        },
      },
    },
    async (request, reply) => {
      const { id: companyId } = request.params;
      const { name, scope } = request.body;
      const expiresAt = readExpiry(request.body.expiresAt);
      const result = await issueApiKey(database, { companyId, name, scope, expiresAt });
      if (result.kind === "no_such_company") throw notFound("company");
      if (result.kind === "already_expired") throw unfitExpiry("already_expired", "the instant has passed already");
      request.log.info({ companyId, apiKeyId: result.record.id }, "an API key was made");
      reply.code(201);
      return { ...toApiKeyOut(result.record), key: result.key };
    },
  );

  app.get(
    "/companies/:id/api-keys",
    {
      schema: {
        operationId: "listApiKeys",
        summary: "List a company's API keys, newest first",
        params: IdParams,
        querystring: PageQuery,
        response: { 200: answer(ApiKeyPage, "A page of keys."), ...problems({ 404: noSuch("company") }) },
      },
    },
    async ({ params: { id: companyId }, query }) => {
      if ((await findCompany(database, companyId)) === null) throw notFound("company");
      const { rows, nextCursor } = await readPage(query, (page) => listApiKeys(database, { companyId, ...page }));
      return { data: rows.map(toApiKeyOut), nextCursor };
    },
  );

  app.delete(
    "/companies/:id/api-keys/:keyId",
    {
      config: { audit: { action: "api_key.revoke", about: "companyId" } },
      schema: {
        operationId: "revokeApiKey",
        summary: "Revoke an API key",
        description: "It is refused from the next request on, and stays in the list. Doing it again changes nothing.",
        params: ApiKeyParams,
        response: { 200: answer(ApiKeyOut, "The key, revoked."), ...problems({ 404: noSuch("API key") }) },
      },
    },
    async (request, _reply) => {
      const { id: companyId, keyId } = request.params;
      const key = await revokeApiKey(database, { companyId, id: keyId });
      if (key === null) throw notFound("API key");
      request.log.info({ companyId, apiKeyId: keyId }, "an API key was revoked");
      return toApiKeyOut(key);
    },
  );
};

/** @throws {ProblemError} 422 if there is no such instant */
function readExpiry(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const milliseconds = readInstant(text);
  if (milliseconds === null) throw unfitExpiry("invalid_instant", "there is no such instant");
  return new Date(milliseconds);
}

function unfitExpiry(code: string, message: string): ProblemError {
  const issues = [{ path: "/expiresAt", code, message }];
  return new ProblemError(422, code, `/expiresAt: ${message}`, { issues });
}

function toApiKeyOut({
  id,
  name,
  scope,
  prefix,
  createdAt,
  expiresAt,
  revokedAt,
  lastUsedAt,
}: ApiKeyRecord): ApiKeyOut {
  return {
    id,
    name,
    scope,
    prefix,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  };
}
