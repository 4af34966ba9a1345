/** `/v1/operator/companies`: the tenants. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { ValidationIssue } from "@punctual/core";
import {
  changeCompany,
  createCompany,
  findCompany,
  listCompanies,
  type CompanyRecord,
  type Database,
} from "@punctual/db";
import { answer, noSuch, problems } from "../answer.ts";
import { IdParams } from "../field-schemas.ts";
import { PageQuery, readPage } from "../page.ts";
import { notFound, ProblemError } from "../problem.ts";
import { CompanyIn, CompanyOut, CompanyPage, CompanyPatch } from "./schemas.ts";

export const companyRoutes: FastifyPluginAsyncTypebox<{ database: Database }> = async (app, { database }) => {
  app.post(
    "/companies",
    {
      config: { audit: { action: "company.create", keepBody: true } },
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

  app.patch(
    "/companies/:id",
    {
      config: { audit: { action: "company.change", about: "companyId", keepBody: true } },
      schema: {
        operationId: "changeCompany",
        summary: "Change a company's name or return origins",
        params: IdParams,
        body: CompanyPatch,
        response: {
          200: answer(CompanyOut, "The company as it is now."),
          ...problems({
            404: noSuch("company"),
            422: {
              invalid_company: {
                detail: "The company cannot be changed like this, see errors.",
                issues: [{ path: "/returnOrigins/0", code: "invalid_origin", message: "is not an origin" }],
              },
            },
          }),
        },
      },
    },
    async ({ params: { id }, body: { name, returnOrigins }, log }) => {
      const issues = (returnOrigins ?? []).flatMap(originIssues);
      if (issues.length > 0) {
        const detail = "The company cannot be changed like this, see errors.";
        throw new ProblemError(422, "invalid_company", detail, { issues });
      }
      const company = await changeCompany(database, { id, name, returnOrigins });
      if (company === null) throw notFound("company");
      log.info({ companyId: id }, "a company was changed");
      return toCompanyOut(company);
    },
  );
};

/** An origin is written as browsers write it, so that it can be compared. */
function originIssues(origin: string, index: number): ValidationIssue[] {
  if (/^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin) return [];
  const message = "not an origin as browsers write it, such as https://app.example.com: no path, no capitals, no user";
  return [{ path: `/returnOrigins/${index}`, code: "invalid_origin", message }];
}

function toCompanyOut({ id, name, returnOrigins, createdAt }: CompanyRecord): CompanyOut {
  return { id, name, returnOrigins, createdAt: createdAt.toISOString() };
}
