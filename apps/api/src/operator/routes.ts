/** `/v1/operator`: for those who run the installation and see all companies. Viewers look and change nothing. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { audit } from "../plugins/audit.ts";
import type { ScheduleDeps } from "../posts/schedule-posts.ts";
import { operatorAuth, type OperatorAuthOptions } from "../plugins/operator-auth.ts";
import type { FactsReader } from "../overview/installation-facts.ts";
import { operatorAccountRoutes, type OperatorAccountDeps } from "./account-routes.ts";
import { apiKeyRoutes } from "./api-key-routes.ts";
import { auditRoutes } from "./audit-routes.ts";
import { companyRoutes } from "./company-routes.ts";
import { overviewRoutes } from "./overview-routes.ts";
import { operatorPostActionRoutes } from "./post-action-routes.ts";
import { operatorPostRoutes } from "./post-routes.ts";
import { redriveRoutes } from "./redrive-routes.ts";

export interface OperatorRouteOptions extends OperatorAuthOptions, ScheduleDeps, OperatorAccountDeps {
  reader: FactsReader;
}

export const operatorRoutes: FastifyPluginAsyncTypebox<OperatorRouteOptions> = async (
  app,
  { reader, database, producer, platforms, keyring, ...operators },
) => {
  // Every change here is JSON or a DELETE.
  await app.register(operatorAuth, { ...operators, programsMayChange: true });
  await app.register(audit, { database });
  const deps = { database, producer, platforms, keyring };
  await app.register(overviewRoutes, { database, reader });
  await app.register(operatorPostRoutes, deps);
  await app.register(operatorPostActionRoutes, deps);
  await app.register(redriveRoutes, deps);
  await app.register(operatorAccountRoutes, { ...deps, publicUrl: operators.publicUrl });
  await app.register(auditRoutes, { database });
  await app.register(companyRoutes, { database });
  await app.register(apiKeyRoutes, { database });
};
