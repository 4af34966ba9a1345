/** `/v1/operator/companies`: the tenants. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { createCompany, findCompany, listCompanies, type CompanyRecord, type Database } from "@punctual/db";
import { IdParams } from "../field-schemas.ts";
import { PageQuery, readPage } from "../page.ts";
import { notFound, problems } from "../problem.ts";
import { CompanyIn, CompanyOut, CompanyPage } from "./schemas.ts";

export const companyRoutes: FastifyPluginAsyncTypebox<{ database: Database }> = async (app, { database }) => {
  app.post(
    "/companies",
    {
      schema: {
        summary: "Create a company",
        body: CompanyIn,
        response: { 201: CompanyOut, ...problems(400, 401, 403, 413, 415, 500, 503) },
      },
    },
    async (request, reply) => {
      const company = await createCompany(database, { name: request.body.name });
      request.log.info({ companyId: company.id }, "a company was created");
      reply.code(201).header("location", `/v1/operator/companies/${company.id}`);
      return toCompanyOut(company);
    },
  );

  app.get(
    "/companies",
    {
      schema: {
        summary: "List companies, newest first",
        querystring: PageQuery,
        response: { 200: CompanyPage, ...problems(400, 401, 500, 503) },
      },
    },
    async ({ query }) => {
      const { rows, nextCursor } = await readPage(query, (page) => listCompanies(database, page));
      return { data: rows.map(toCompanyOut), nextCursor };
    },
  );

  app.get(
    "/companies/:id",
    {
      schema: {
        summary: "One company",
        params: IdParams,
        response: { 200: CompanyOut, ...problems(400, 401, 404, 500, 503) },
      },
    },
    async ({ params: { id } }) => {
      const company = await findCompany(database, id);
      if (company === null) throw notFound("company");
      return toCompanyOut(company);
    },
  );
};

function toCompanyOut({ id, name, createdAt }: CompanyRecord): CompanyOut {
  return { id, name, createdAt: createdAt.toISOString() };
}
