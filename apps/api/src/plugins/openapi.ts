/**
 * `/openapi.json`: the API's own description (OpenAPI 3.1), made of the schemas that its routes validate with. How a
 * route is documented is told in `answer.ts`.
 */
import type { FastifyInstance, RouteOptions } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { buildDocument } from "../openapi/document.ts";
import type { DocumentedRoute, RouteSchema } from "../openapi/operation.ts";
import type { JsonObject } from "../openapi/schema-components.ts";

export const documentPath = "/openapi.json";
/** Of the API: the path begins with it. */
const apiVersion = "1.0.0";

export interface OpenapiOptions {
  publicUrl: string | undefined;
}

/** Register before every route. */
export const openapi = fastifyPlugin<OpenapiOptions>(
  async (app: FastifyInstance, { publicUrl }) => {
    const registered: RouteOptions[] = [];
    app.addHook("onRoute", (route) => void registered.push(route));

    app.decorate("openapiDocument", () =>
      buildDocument(registered.flatMap(documented), { version: apiVersion, publicUrl }),
    );
    // Made when somebody first asks, and kept as bytes: as objects it is several times the size.
    let text: Buffer | undefined;
    app.get(documentPath, { schema: { hide: true } }, async (_request, reply) => {
      text ??= Buffer.from(JSON.stringify(app.openapiDocument()));
      return reply.type("application/json; charset=utf-8").send(text);
    });
  },
  { name: "openapi" },
);

/** HEAD comes with every GET; what names no operation is a page, or no part of the API. */
function documented({ method, url, config, schema }: RouteOptions): DocumentedRoute[] {
  if (schema?.operationId === undefined) return [];
  const forOperators = config?.forOperators === true;
  return [method]
    .flat()
    .filter((name) => name !== "HEAD" && name !== "OPTIONS")
    .map((name) => ({ method: name, url, scope: config?.scope, forOperators, schema: schema as RouteSchema }));
}

declare module "fastify" {
  interface FastifySchema {
    /** Names the operation in the document; what has none is not in it. */
    operationId?: string;
    summary?: string;
    description?: string;
    /** True for pages, which are no part of the API. */
    hide?: boolean;
  }
  interface FastifyContextConfig {
    /** Whether operators call it, not clients. */
    forOperators?: boolean;
  }
  interface FastifyInstance {
    /** Makes the OpenAPI document, once every route is registered. @throws as `buildDocument` */
    openapiDocument(): JsonObject;
  }
}
