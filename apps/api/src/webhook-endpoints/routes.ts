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
import { answer, noSuch, problems } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import { PageQuery, readPage } from "../page.ts";
import { notFound, ProblemError } from "../problem.ts";
import { toEndpointOut } from "./endpoint-answer.ts";
import { EndpointCreated, EndpointIn, EndpointOut, EndpointPage, EndpointPatch, RotatedSecret } from "./schemas.ts";

export interface WebhookEndpointDeps {
  database: Database;
  keyring: Keyring;
  /** Whether events may be delivered to private, loopback and link-local addresses. */
  allowPrivateNetworks: boolean;
}

const endpointsPerCompanyMax = 20;
const oneProblems = problems({ 404: noSuch("webhook endpoint") });
const undeliverable = {
  invalid_webhook_endpoint: {
    detail: "Events cannot be delivered there, see errors.",
    issues: [{ path: "/url", code: "invalid_url", message: "not a valid URL" }],
  },
};

export const webhookEndpointRoutes: FastifyPluginAsyncTypebox<WebhookEndpointDeps> = async (app, deps) => {
  const { database, keyring, allowPrivateNetworks } = deps;

  app.post(
    "/webhook-endpoints",
    {
      config: { scope: "admin" },
      schema: {
        operationId: "createWebhookEndpoint",
        summary: "Have events delivered to a server of yours",
        body: EndpointIn,
        response: {
          201: answer(EndpointCreated, "The endpoint with its secret, which is shown this once.", ["Location"]),
          ...problems({
            409: { too_many_endpoints: "There are 20 endpoints already, which is as many as there may be." },
            422: undeliverable,
          }),
        },
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
        operationId: "listWebhookEndpoints",
        summary: "List webhook endpoints, newest first",
        querystring: PageQuery,
        response: { 200: answer(EndpointPage, "A page of endpoints.") },
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
      schema: {
        operationId: "getWebhookEndpoint",
        summary: "One webhook endpoint",
        params: IdParams,
        response: { 200: answer(EndpointOut, "The endpoint."), ...oneProblems },
      },
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
        operationId: "updateWebhookEndpoint",
        summary: "Change, disable or enable a webhook endpoint",
        params: IdParams,
        body: EndpointPatch,
        response: {
          200: answer(EndpointOut, "The endpoint as it is now."),
          ...oneProblems,
          ...problems({ 422: undeliverable }),
        },
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
        operationId: "deleteWebhookEndpoint",
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
        operationId: "rotateWebhookSecret",
        summary: "Give a webhook endpoint a new secret",
        description:
          "Deliveries are signed with the new secret and with the one before, for 24 hours. Two are valid, never three: rotating again ends the oldest at once.",
        params: IdParams,
        response: { 200: answer(RotatedSecret, "The new secret, which is shown this once."), ...oneProblems },
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
