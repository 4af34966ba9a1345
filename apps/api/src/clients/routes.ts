/** `/v1/clients`: an agency's customers. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { listClients, type ClientRecord, type Database } from "@punctual/db";
import { Type, type Static } from "typebox";
import { Id, InstantOut } from "../field-schemas.ts";
import { pageOf, PageQuery, readPage } from "../page.ts";
import { problems } from "../problem.ts";

const ClientOut = Type.Object(
  {
    id: Id,
    name: Type.String(),
    createdAt: InstantOut("When the client was created."),
    updatedAt: InstantOut("When the client was last changed."),
  },
  { $id: "Client", title: "Client" },
);

export const clientRoutes: FastifyPluginAsyncTypebox<{ database: Database }> = async (app, { database }) => {
  app.get(
    "/clients",
    {
      config: { scope: "read" },
      schema: {
        summary: "List clients, newest first",
        querystring: PageQuery,
        response: { 200: pageOf(ClientOut), ...problems(400, 401, 403, 500, 503) },
      },
    },
    async ({ query, caller: { companyId } }) => {
      const { rows, nextCursor } = await readPage(query, (page) => listClients(database, { companyId, ...page }));
      return { data: rows.map(toClientOut), nextCursor };
    },
  );
};

function toClientOut({ id, name, createdAt, updatedAt }: ClientRecord): Static<typeof ClientOut> {
  return { id, name, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}
