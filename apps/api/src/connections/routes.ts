/** `/v1/connections`: connecting accounts through the platforms' own log-ins, as the client application sees it. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { findConnection, type ConnectionRecord } from "@punctual/db";
import { answer, noSuch, problems } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import { notFound, ProblemError } from "../problem.ts";
import { unknownClient, unknownClientSample } from "../social-accounts/refusals.ts";
import { ConnectionIn, ConnectionOut, ConnectionStarted } from "./schemas.ts";
import { startConnection, type StartDeps } from "./start-connection.ts";
import { baseUrlOf } from "./way-back.ts";

export interface ConnectionRouteOptions extends StartDeps {
  /** Where browsers reach us; undefined: wherever the client does. */
  publicUrl: string | undefined;
}

export const connectionRoutes: FastifyPluginAsyncTypebox<ConnectionRouteOptions> = async (app, options) => {
  app.post(
    "/connections",
    {
      config: { scope: "admin" },
      schema: {
        operationId: "startConnection",
        summary: "Start connecting an account through its platform's log-in",
        description:
          "Send the browser of whoever owns the account to `authorizeUrl`. Our page asks them, the platform logs them in, and they choose accounts; these are created, or reconnected if the company has them for the same client. The browser then goes to `returnUrl`.",
        body: ConnectionIn,
        response: {
          201: answer(ConnectionStarted, "The link, good for ten minutes.", ["Location"]),
          ...problems({
            404: unknownClientSample,
            422: {
              invalid_connection: {
                detail: "The account cannot be connected like this, see errors.",
                issues: [{ path: "/returnUrl", code: "foreign_origin", message: "is not of a known origin" }],
              },
            },
          }),
        },
      },
    },
    async (request, reply) => {
      const baseUrl = baseUrlOf(request, options.publicUrl);
      const { companyId } = request.caller;
      const result = await startConnection(options, { companyId, baseUrl, input: request.body });
      switch (result.kind) {
        case "no_such_client":
          throw unknownClient();
        case "refused": {
          const detail = "The account cannot be connected like this, see errors.";
          throw new ProblemError(422, "invalid_connection", detail, { issues: result.issues });
        }
        case "started": {
          const { id, authorizeUrl, expiresAt } = result;
          request.log.info({ connectionId: id, platform: request.body.platform }, "a connection was started");
          reply.code(201).header("location", `/v1/connections/${id}`);
          return { id, authorizeUrl, expiresAt: expiresAt.toISOString() };
        }
      }
    },
  );

  app.get(
    "/connections/:id",
    {
      config: { scope: "read" },
      schema: {
        operationId: "getConnection",
        summary: "What became of a connection",
        description: "Can be read for a day.",
        params: IdParams,
        response: { 200: answer(ConnectionOut, "The connection."), ...problems({ 404: noSuch("connection") }) },
      },
    },
    async ({ params: { id }, caller: { companyId } }) => {
      const connection = await findConnection(options.database, { companyId, id });
      if (connection === null) throw notFound("connection");
      return toConnectionOut(connection);
    },
  );
};

function toConnectionOut(connection: ConnectionRecord): ConnectionOut {
  const { id, platform, clientId, sandbox, message, socialAccountIds, createdAt, expiresAt } = connection;
  return {
    id,
    platform,
    clientId,
    sandbox,
    status: statusOf(connection),
    message,
    socialAccountIds,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}

function statusOf({ status, expired }: ConnectionRecord): ConnectionOut["status"] {
  if (status === "connected" || status === "cancelled" || status === "failed") return status;
  return expired ? "expired" : "pending";
}
