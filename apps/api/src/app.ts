/** The API as one Fastify instance. It owns nothing it is given and opens nothing itself: `main.ts` does. */
import type { Platform } from "@punctual/core";
import type { Database } from "@punctual/db";
import type { DeliveryProducer, PublishProducer } from "@punctual/queue";
import type { Keyring, Logger } from "@punctual/runtime";
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { clientRoutes } from "./clients/routes.ts";
import { apiLimits } from "./config.ts";
import { auth } from "./plugins/auth.ts";
import { board, boardPath } from "./plugins/board.ts";
import { body } from "./plugins/body.ts";
import { dashboard } from "./plugins/dashboard.ts";
import { errors, sendProblem } from "./plugins/errors.ts";
import { eventRoutes } from "./events/routes.ts";
import { operatorRoutes } from "./operator/routes.ts";
import { platformRoutes } from "./platforms/routes.ts";
import { health } from "./plugins/health.ts";
import { openapi } from "./plugins/openapi.ts";
import type { OperatorAuthOptions } from "./plugins/operator-auth.ts";
import { requestId, requestIdOf } from "./plugins/request-id.ts";
import { security } from "./plugins/security.ts";
import { answerUnreadable } from "./plugins/unreadable.ts";
import { validation } from "./plugins/validation.ts";
import { postActionRoutes } from "./posts/action-routes.ts";
import { postRoutes } from "./posts/routes.ts";
import { socialAccountRoutes } from "./social-accounts/routes.ts";
import { webhookDeliveryRoutes } from "./webhook-endpoints/delivery-routes.ts";
import { webhookEndpointRoutes } from "./webhook-endpoints/routes.ts";

export interface AppDeps {
  database: Database;
  producer: PublishProducer;
  deliveries: DeliveryProducer;
  platforms: ReadonlyMap<string, Platform>;
  keyring: Keyring;
  logger: Logger;
}

export interface AppOptions extends OperatorAuthOptions {
  /** Whether operators may change jobs in Bull Board. */
  boardWritable: boolean;
  /** Whether events may be delivered to private, loopback and link-local addresses. */
  allowPrivateNetworks: boolean;
}

export async function buildApp(deps: AppDeps, options: AppOptions): Promise<FastifyInstance> {
  const logger: FastifyBaseLogger = deps.logger;
  const app = Fastify({
    loggerInstance: logger,
    genReqId: requestIdOf,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    bodyLimit: apiLimits.bodyBytesMax,
    requestTimeout: apiLimits.requestTimeoutMs,
    forceCloseConnections: "idle",
    // What still arrives on open connections while we stop is served, and told to go elsewhere next.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    clientErrorHandler: (error, socket) => answerUnreadable(error, socket, logger),
  });

  await app.register(errors);
  await app.register(openapi, { publicUrl: options.publicUrl });
  await app.register(requestId);
  await app.register(security);
  await app.register(validation);
  await app.register(body);

  await app.register(health, deps);
  const { boardWritable: writable, allowPrivateNetworks, ...operators } = options;
  const { producer, deliveries } = deps;
  await app.register(board, { prefix: boardPath, producer, deliveries, writable, ...operators });
  await app.register(dashboard, {});
  await app.register(operatorRoutes, { prefix: "/v1/operator", database: deps.database, ...operators });
  await app.register(
    async (v1) => {
      await v1.register(auth, deps);
      await v1.register(postRoutes, deps);
      await v1.register(postActionRoutes, deps);
      await v1.register(socialAccountRoutes, deps);
      await v1.register(clientRoutes, deps);
      await v1.register(platformRoutes, deps);
      await v1.register(eventRoutes, deps);
      await v1.register(webhookEndpointRoutes, { ...deps, allowPrivateNetworks });
      await v1.register(webhookDeliveryRoutes, deps);
    },
    { prefix: "/v1" },
  );
  return app;
}
