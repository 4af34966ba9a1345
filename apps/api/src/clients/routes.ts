/** `/v1/clients`: an agency's customers. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { createClient, deleteClient, findClient, listClients, renameClient, type Database } from "@punctual/db";
import { Type } from "typebox";
import { answer, noSuch, problems } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import { readPage } from "../page.ts";
import { notFound, ProblemError } from "../problem.ts";
import { toClientOut, toClientsOut } from "./client-answer.ts";
import { ClientIn, ClientListQuery, ClientOut, ClientPage, ClientPatch, ClientQuery } from "./schemas.ts";

export const clientRoutes: FastifyPluginAsyncTypebox<{ database: Database }> = async (app, { database }) => {
  app.post(
    "/clients",
    {
      config: { scope: "admin" },
      schema: {
        operationId: "createClient",
        summary: "Create a client",
        body: ClientIn,
        response: { 201: answer(ClientOut, "The new client.", ["Location"]) },
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
        operationId: "listClients",
        summary: "List clients, newest first",
        querystring: ClientListQuery,
        response: { 200: answer(ClientPage, "A page of clients.") },
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
        operationId: "getClient",
        summary: "One client",
        params: IdParams,
        querystring: ClientQuery,
        response: { 200: answer(ClientOut, "The client."), ...problems({ 404: noSuch("client") }) },
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
        operationId: "updateClient",
        summary: "Rename a client",
        params: IdParams,
        body: ClientPatch,
        response: { 200: answer(ClientOut, "The client as it is now."), ...problems({ 404: noSuch("client") }) },
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
        operationId: "deleteClient",
        summary: "Delete a client that has no accounts",
        params: IdParams,
        response: {
          204: Type.Null({ description: "It is gone; old posts still name it." }),
          ...problems({
            404: noSuch("client"),
            409: {
              has_social_accounts: "The client has social accounts; delete them or give them to another client first.",
            },
          }),
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
