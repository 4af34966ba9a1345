/** What became of each event at one endpoint, and sending it again. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { deliveryAttemptsMax } from "@punctual/core";
import {
  findWebhookDelivery,
  findWebhookEndpoint,
  listWebhookDeliveries,
  replayDelivery,
  type Database,
} from "@punctual/db";
import type { DeliveryProducer } from "@punctual/queue";
import { answer, noSuch, problems } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import { readPage } from "../page.ts";
import { notFound, ProblemError } from "../problem.ts";
import { toDeliveryOut } from "./endpoint-answer.ts";
import { DeliveryOut, DeliveryPage, DeliveryParams, DeliveryQuery } from "./schemas.ts";

export interface DeliveryDeps {
  database: Database;
  deliveries: DeliveryProducer;
}

export const webhookDeliveryRoutes: FastifyPluginAsyncTypebox<DeliveryDeps> = async (app, deps) => {
  const { database, deliveries } = deps;

  app.get(
    "/webhook-endpoints/:id/deliveries",
    {
      config: { scope: "read" },
      schema: {
        operationId: "listWebhookDeliveries",
        summary: "List an endpoint's deliveries, newest first",
        description: "Deliveries are kept as long as their events.",
        params: IdParams,
        querystring: DeliveryQuery,
        response: {
          200: answer(DeliveryPage, "A page of deliveries."),
          ...problems({ 404: noSuch("webhook endpoint") }),
        },
      },
    },
    async ({ params: { id }, query, caller: { companyId } }) => {
      if ((await findWebhookEndpoint(database, { companyId, id })) === null) throw notFound("webhook endpoint");
      const { status = null } = query;
      const { rows, nextCursor } = await readPage(query, (page) =>
        listWebhookDeliveries(database, { companyId, endpointId: id, status, ...page }),
      );
      return { data: rows.map(toDeliveryOut), nextCursor };
    },
  );

  app.post(
    "/webhook-endpoints/:id/deliveries/:deliveryId/replay",
    {
      config: { scope: "admin" },
      schema: {
        operationId: "replayWebhookDelivery",
        summary: "Deliver an event again, now",
        description: "Under the same webhook-id, so that a receiver that has it can tell. Retried like a new delivery.",
        params: DeliveryParams,
        response: {
          200: answer(DeliveryOut, "The delivery, due now."),
          ...problems({
            404: noSuch("delivery"),
            409: {
              being_delivered: "The event is being delivered at this moment.",
              endpoint_disabled: "The endpoint is disabled; enable it first.",
            },
          }),
        },
      },
    },
    async ({ params: { id: endpointId, deliveryId: id }, caller: { companyId }, id: requestId }) => {
      const endpoint = await findWebhookEndpoint(database, { companyId, id: endpointId });
      if (endpoint === null) throw notFound("webhook endpoint");
      const key = { companyId, endpointId, id };
      const replayed = await replayDelivery(database, key);
      const delivery = await findWebhookDelivery(database, key);
      if (delivery === null) throw notFound("delivery");
      if (replayed === null) throw notReplayed(endpoint.status);
      deliveries.nudge([{ ...replayed, maxAttempts: deliveryAttemptsMax, requestId }]);
      return toDeliveryOut(delivery);
    },
  );
};

function notReplayed(status: "enabled" | "disabled"): ProblemError {
  return status === "enabled"
    ? new ProblemError(409, "being_delivered", "The event is being delivered at this moment.")
    : new ProblemError(409, "endpoint_disabled", "The endpoint is disabled; enable it first.");
}
