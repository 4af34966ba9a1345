/** `/v1/clients`: an agency's customers. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { createClient, deleteClient, findClient, listClients, renameClient, type Database } from "@punctual/db";
import { Type } from "typebox";
import { IdParams } from "../field-schemas.ts";
import { readPage } from "../page.ts";
import { notFound, ProblemError, problems } from "../problem.ts";
import { toClientOut, toClientsOut } from "./client-answer.ts";
import { ClientIn, ClientListQuery, ClientOut, ClientPage, ClientPatch, ClientQuery } from "./schemas.ts";

export const clientRoutes: FastifyPluginAsyncTypebox<{ database: Database }> = async (app, { database }) => {
  app.post(
    "/clients",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Create a client",
        body: ClientIn,
        response: { 201: ClientOut, ...problems(400, 401, 403, 413, 415, 500, 503) },
      },
    },
    async ({ body: { name }, caller: { companyId } }, reply) => {
      const client = await createClient(database, { companyId, name });
      reply.code(201).header("location", `/v1/clients/${client.id}`);
      return toClientOut(client);
    },
  );

  app.get(
    "/clients",
    {
      config: { scope: "read" },
      schema: {
        summary: "List clients, newest first",
        querystring: ClientListQuery,
        response: { 200: ClientPage, ...problems(400, 401, 403, 500, 503) },
      },
    },
    async ({ query, caller: { companyId } }) => {
      const { rows, nextCursor } = await readPage(query, (page) => listClients(database, { companyId, ...page }));
      return { data: await toClientsOut(database, companyId, rows, query), nextCursor };
    },
  );

  app.get(
    "/clients/:id",
    {
      config: { scope: "read" },
      schema: {
        summary: "One client",
        params: IdParams,
        querystring: ClientQuery,
        response: { 200: ClientOut, ...problems(400, 401, 403, 404, 500, 503) },
      },
    },
    async ({ params: { id }, query, caller: { companyId } }) => {
      const found = await findClient(database, { companyId, id });
      const [client] = await toClientsOut(database, companyId, found === null ? [] : [found], query);
      if (client === undefined) throw notFound("client");
      return client;
    },
  );

  app.patch(
    "/clients/:id",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Rename a client",
        params: IdParams,
        body: ClientPatch,
        response: { 200: ClientOut, ...problems(400, 401, 403, 404, 413, 415, 500, 503) },
      },
    },
    async ({ params: { id }, body: { name }, caller: { companyId } }) => {
      const key = { companyId, id };
      const client = name === undefined ? await findClient(database, key) : await renameClient(database, key, { name });
      if (client === null) throw notFound("client");
      return toClientOut(client);
    },
  );

  app.delete(
    "/clients/:id",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Delete a client that has no accounts",
        params: IdParams,
        response: {
          204: Type.Null({ description: "It is gone; old posts still name it." }),
          ...problems(400, 401, 403, 404, 409, 500, 503),
        },
      },
    },
    async ({ params: { id }, caller: { companyId } }, reply) => {
      const result = await deleteClient(database, { companyId, id });
      if (result === "no_such_client") throw notFound("client");
      if (result === "has_accounts") {
        const detail = "The client has social accounts; delete them or give them to another client first.";
        throw new ProblemError(409, "has_social_accounts", detail);
      }
      return reply.code(204).send(null);
    },
  );
};
