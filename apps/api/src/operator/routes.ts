/** `/v1/operator`: for those who run the installation and see all companies. Viewers look and change nothing. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Database } from "@punctual/db";
import { operatorAuth, type OperatorAuthOptions } from "../plugins/operator-auth.ts";
import type { FactsReader } from "../overview/installation-facts.ts";
import { apiKeyRoutes } from "./api-key-routes.ts";
import { companyRoutes } from "./company-routes.ts";
import { overviewRoutes } from "./overview-routes.ts";

export interface OperatorRouteOptions extends OperatorAuthOptions {
  database: Database;
  reader: FactsReader;
}

export const operatorRoutes: FastifyPluginAsyncTypebox<OperatorRouteOptions> = async (
  app,
  { database, reader, ...operators },
) => {
  // Every change here is JSON or a DELETE.
  await app.register(operatorAuth, { ...operators, programsMayChange: true });
  await app.register(overviewRoutes, { database, reader });
  await app.register(companyRoutes, { database });
  await app.register(apiKeyRoutes, { database });
};
