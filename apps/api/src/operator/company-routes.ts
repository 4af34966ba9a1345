/** `/v1/operator/companies`: the tenants. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { createCompany, findCompany, listCompanies, type CompanyRecord, type Database } from "@punctual/db";
import { answer, noSuch, problems } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import { PageQuery, readPage } from "../page.ts";
import { notFound } from "../problem.ts";
import { CompanyIn, CompanyOut, CompanyPage } from "./schemas.ts";

export const companyRoutes: FastifyPluginAsyncTypebox<{ database: Database }> = async (app, { database }) => {
  app.post(
    "/companies",
    {
      schema: {
        operationId: "createCompany",
        summary: "Create a company",
        body: CompanyIn,
        response: { 201: answer(CompanyOut, "The new company.", ["Location"]) },
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
        operationId: "listCompanies",
        summary: "List companies, newest first",
        querystring: PageQuery,
        response: { 200: answer(CompanyPage, "A page of companies.") },
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
        operationId: "getCompany",
        summary: "One company",
        params: IdParams,
        response: { 200: answer(CompanyOut, "The company."), ...problems({ 404: noSuch("company") }) },
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
