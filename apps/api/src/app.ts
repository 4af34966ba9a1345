/** The API as one Fastify instance. It owns nothing it is given and opens nothing itself: `main.ts` does. */
import type { Platform } from "@punctual/core";
import type { Database } from "@punctual/db";
import type { DeliveryProducer, PublishProducer } from "@punctual/queue";
import { noTracing, type Keyring, type Logger, type Tracing } from "@punctual/runtime";
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerOptions,
} from "fastify";
import { clientRoutes } from "./clients/routes.ts";
import { connectPages } from "./connections/page-routes.ts";
import { connectionRoutes } from "./connections/routes.ts";
import { apiLimits, type ApiLimits } from "./config.ts";
import { auth } from "./plugins/auth.ts";
import { board, boardPath } from "./plugins/board.ts";
import { body } from "./plugins/body.ts";
import { dashboard } from "./plugins/dashboard.ts";
import { docs } from "./plugins/docs.ts";
import { errors, sendProblem } from "./plugins/errors.ts";
import { eventRoutes } from "./events/routes.ts";
import { operatorRoutes } from "./operator/routes.ts";
import { platformRoutes } from "./platforms/routes.ts";
import { createFactsReader } from "./overview/installation-facts.ts";
import { openApiMetrics } from "./overview/api-metrics.ts";
import { health } from "./plugins/health.ts";
import { metrics } from "./plugins/metrics.ts";
import { openapi } from "./plugins/openapi.ts";
import type { OperatorPasswords } from "./plugins/operator-auth.ts";
import { pressure } from "./plugins/pressure.ts";
import { requestId, requestIdOf } from "./plugins/request-id.ts";
import { security } from "./plugins/security.ts";
import { serialization } from "./plugins/serialization.ts";
import { tracing } from "./plugins/tracing.ts";
import { unfitRequestOptions, unfitRequests } from "./plugins/unfit-requests.ts";
import { answerUnreadable } from "./plugins/unreadable.ts";
import { urlLength } from "./plugins/url-length.ts";
import { validation } from "./plugins/validation.ts";
import { postActionRoutes } from "./posts/action-routes.ts";
import { postRoutes } from "./posts/routes.ts";
import { createAttemptLimit } from "./rate-limits/attempt-limit.ts";
import type { KeyRates } from "./rate-limits/key-limit.ts";
import { createOperatorUsers } from "./session/operator-users.ts";
import { sessionRoutes } from "./session/routes.ts";
import { createSessions } from "./session/sessions.ts";
import { socialAccountRoutes } from "./social-accounts/routes.ts";
import { webhookDeliveryRoutes } from "./webhook-endpoints/delivery-routes.ts";
import { webhookEndpointRoutes } from "./webhook-endpoints/routes.ts";

export interface AppDeps {
  database: Database;
  producer: PublishProducer;
  /** To be shown only: workers make the jobs that prepare posts. */
  preparations?: PublishProducer;
  deliveries: DeliveryProducer;
  platforms: ReadonlyMap<string, Platform>;
  keyring: Keyring;
  /** What API keys have asked for lately. */
  keyRates: KeyRates;
  /** Default: no traces are kept. */
  tracing?: Tracing | undefined;
  logger: Logger;
}

export interface AppOptions extends OperatorPasswords {
  /** Whether operators may change jobs in Bull Board. */
  boardWritable: boolean;
  /** Whether events may be delivered to private, loopback and link-local addresses. */
  allowPrivateNetworks: boolean;
  /** Whose `X-Forwarded-For` is believed: a comma list of addresses and networks; undefined: nobody's. */
  trustedProxies?: string | undefined;
  /** In place of `apiLimits`, where given. */
  limits?: Partial<ApiLimits>;
}

export async function buildApp(deps: AppDeps, options: AppOptions): Promise<FastifyInstance> {
  const logger: FastifyBaseLogger = deps.logger;
  const limits: ApiLimits = { ...apiLimits, ...options.limits };
  const settings = {
    loggerInstance: logger,
    genReqId: requestIdOf,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    bodyLimit: limits.bodyBytesMax,
    trustProxy: options.trustedProxies ?? false,
    // What still arrives on open connections while we stop is served, and told to go elsewhere next.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
  } satisfies FastifyServerOptions;
  const app = Fastify({
    ...settings,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.answerStallTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    forceCloseConnections: "idle",
    http: {
      ...unfitRequestOptions,
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckIntervalMs,
    },
    clientErrorHandler: (error, socket) => answerUnreadable(error, socket, logger),
  });

  app.decorate("limits", limits);

  await app.register(errors);
  await app.register(openapi, { publicUrl: options.publicUrl });
  await app.register(requestId);
  await app.register(tracing, { tracing: deps.tracing ?? noTracing });
  await app.register(unfitRequests);
  await app.register(security);
  await app.register(pressure, { delayMaxMs: limits.eventLoopDelayMaxMs, sampleMs: limits.eventLoopSampleMs });
  await app.register(urlLength, limits);
  await app.register(validation);
  await app.register(serialization);
  await app.register(body);

  const reader = createFactsReader(deps, { keptMs: limits.figuresKeptMs });
  const { boardWritable: writable, allowPrivateNetworks, operatorPassword, viewerPassword, publicUrl } = options;
  const logins = createAttemptLimit("wrong passwords", {
    limit: limits.wrongPasswordsMax,
    windowMs: limits.wrongPasswordsWindowMs,
    namesMax: limits.addressesRememberedMax,
  });
  const { database, producer, preparations, deliveries } = deps;
  const users = createOperatorUsers({ operatorPassword, viewerPassword });
  const operators = { users, sessions: createSessions({ database, users }), publicUrl, logins };
  await app.register(metrics, { metrics: openApiMetrics({ reader, database }), operators });
  await app.register(health, { ...deps, reader });
  await app.register(board, {
    prefix: boardPath,
    database,
    ofPosts: [...producer.queues, ...(preparations?.queues ?? [])],
    producer,
    deliveries,
    writable,
    settings,
    ...operators,
  });
  await app.register(dashboard, {});
  await app.register(docs, options);
  await app.register(connectPages, { prefix: "/connect", ...deps, publicUrl });
  await app.register(sessionRoutes, { prefix: "/v1", ...operators });
  await app.register(operatorRoutes, { prefix: "/v1/operator", ...deps, reader, ...operators });
  await app.register(
    async (v1) => {
      await v1.register(auth, deps);
      await v1.register(postRoutes, deps);
      await v1.register(postActionRoutes, deps);
      await v1.register(socialAccountRoutes, deps);
      await v1.register(connectionRoutes, { ...deps, publicUrl });
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

declare module "fastify" {
  interface FastifyInstance {
    limits: ApiLimits;
  }
}
