/** `/v1/webhook-endpoints`: where a company's events are delivered to. */
import { randomBytes } from "node:crypto";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  changeWebhookEndpoint,
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  findWebhookEndpoint,
  listWebhookEndpoints,
  rotateWebhookSecret,
  type Database,
} from "@punctual/db";
import { receiverUrlIssue } from "@punctual/platforms";
import type { Keyring } from "@punctual/runtime";
import { Type } from "typebox";
import { IdParams } from "../field-schemas.ts";
import { PageQuery, readPage } from "../page.ts";
import { notFound, ProblemError, problems } from "../problem.ts";
import { toEndpointOut } from "./endpoint-answer.ts";
import { EndpointCreated, EndpointIn, EndpointOut, EndpointPage, EndpointPatch, RotatedSecret } from "./schemas.ts";

export interface WebhookEndpointDeps {
  database: Database;
  keyring: Keyring;
  /** Whether events may be delivered to private, loopback and link-local addresses. */
  allowPrivateNetworks: boolean;
}

const endpointsPerCompanyMax = 20;
const oneProblems = problems(400, 401, 403, 404, 500, 503);

export const webhookEndpointRoutes: FastifyPluginAsyncTypebox<WebhookEndpointDeps> = async (app, deps) => {
  const { database, keyring, allowPrivateNetworks } = deps;

  app.post(
    "/webhook-endpoints",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Have events delivered to a server of yours",
        body: EndpointIn,
        response: { 201: EndpointCreated, ...problems(400, 401, 403, 409, 413, 415, 422, 500, 503) },
      },
    },
    async (request, reply) => {
      const { url, description = null, eventTypes } = request.body;
      checkUrl(url, allowPrivateNetworks);
      const secret = newSecret();
      const { companyId } = request.caller;
      const draft = { companyId, url, description, eventTypes: eventTypes ?? [], secret };
      const endpoint = await createWebhookEndpoint(database, keyring, draft, endpointsPerCompanyMax);
      if (endpoint === null) {
        const detail = `There are ${endpointsPerCompanyMax} endpoints already, which is as many as there may be.`;
        throw new ProblemError(409, "too_many_endpoints", detail);
      }
      reply.code(201).header("location", `/v1/webhook-endpoints/${endpoint.id}`);
      return { ...toEndpointOut(endpoint), secret };
    },
  );

  app.get(
    "/webhook-endpoints",
    {
      config: { scope: "read" },
      schema: {
        summary: "List webhook endpoints, newest first",
        querystring: PageQuery,
        response: { 200: EndpointPage, ...problems(400, 401, 403, 500, 503) },
      },
    },
    async ({ query, caller: { companyId } }) => {
      const { rows, nextCursor } = await readPage(query, (page) =>
        listWebhookEndpoints(database, { companyId, ...page }),
      );
      return { data: rows.map(toEndpointOut), nextCursor };
    },
  );

  app.get(
    "/webhook-endpoints/:id",
    {
      config: { scope: "read" },
      schema: { summary: "One webhook endpoint", params: IdParams, response: { 200: EndpointOut, ...oneProblems } },
    },
    async ({ params: { id }, caller: { companyId } }) => {
      const endpoint = await findWebhookEndpoint(database, { companyId, id });
      if (endpoint === null) throw notFound("webhook endpoint");
      return toEndpointOut(endpoint);
    },
  );

  app.patch(
    "/webhook-endpoints/:id",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Change, disable or enable a webhook endpoint",
        params: IdParams,
        body: EndpointPatch,
        response: { 200: EndpointOut, ...oneProblems, ...problems(413, 415, 422) },
      },
    },
    async ({ params: { id }, caller: { companyId }, body }) => {
      const { eventTypes, ...changes } = body;
      if (changes.url !== undefined) checkUrl(changes.url, allowPrivateNetworks);
      const endpoint = await changeWebhookEndpoint(
        database,
        { companyId, id },
        { ...changes, ...(eventTypes === undefined ? {} : { eventTypes: eventTypes ?? [] }) },
      );
      if (endpoint === null) throw notFound("webhook endpoint");
      return toEndpointOut(endpoint);
    },
  );

  app.delete(
    "/webhook-endpoints/:id",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Delete a webhook endpoint",
        params: IdParams,
        response: { 204: Type.Null({ description: "It gets nothing any more." }), ...oneProblems },
      },
    },
    async ({ params: { id }, caller: { companyId } }, reply) => {
      if (!(await deleteWebhookEndpoint(database, { companyId, id }))) throw notFound("webhook endpoint");
      return reply.code(204).send(null);
    },
  );

  app.post(
    "/webhook-endpoints/:id/rotate-secret",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Give a webhook endpoint a new secret",
        params: IdParams,
        response: { 200: RotatedSecret, ...oneProblems },
      },
    },
    async ({ params: { id }, caller: { companyId } }) => {
      const secret = newSecret();
      const until = await rotateWebhookSecret(database, keyring, { companyId, id }, secret);
      if (until === null) throw notFound("webhook endpoint");
      return { secret, previousSecretExpiresAt: until.toISOString() };
    },
  );
};

/** @throws {ProblemError} 422 */
function checkUrl(url: string, allowPrivateNetworks: boolean): void {
  const issue = receiverUrlIssue(url, { path: "/url", allowPrivateNetworks });
  if (issue === null) return;
  throw new ProblemError(422, "invalid_webhook_endpoint", "Events cannot be delivered there, see errors.", {
    issues: [issue],
  });
}

function newSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}
