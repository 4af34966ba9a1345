/** `/v1/operator`: for those who run the installation and see all companies. Viewers look and change nothing. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Database } from "@punctual/db";
import { operatorAuth, type OperatorAuthOptions } from "../plugins/operator-auth.ts";
import { apiKeyRoutes } from "./api-key-routes.ts";
import { companyRoutes } from "./company-routes.ts";

export interface OperatorRouteOptions extends OperatorAuthOptions {
  database: Database;
}

export const operatorRoutes: FastifyPluginAsyncTypebox<OperatorRouteOptions> = async (
  app,
  { database, ...operators },
) => {
  // Every change here is JSON or a DELETE.
  await app.register(operatorAuth, { ...operators, programsMayChange: true });
  await app.register(companyRoutes, { database });
  await app.register(apiKeyRoutes, { database });
};
