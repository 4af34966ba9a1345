/**
 * Writes down what operators do. Every change in the scope it is registered in is an action: it has a name, it is
 * written before it is done (and not done if that fails), and completed before it is answered. A route that forgets to
 * name its action is an error at start. Register behind `operatorAuth`.
 */
import { beginOperatorAction, endOperatorAction, newId, type Database, type OperatorActionEnd } from "@punctual/db";
import type { FastifyInstance, FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { problemMediaType } from "../problem.ts";

/** What a route says of its action. */
export interface AuditedAction {
  /** Such as `post.retry`. */
  action: string;
  /** What the `:id` in its address names. */
  about?: "postId" | "socialAccountId" | "companyId";
  /** Whether the body is kept with the action: it must hold neither texts nor secrets. */
  keepBody?: boolean;
}

export interface AuditOptions {
  database: Database;
  /** For routes of libraries, which name nothing. */
  nameOf?: (request: FastifyRequest) => NamedAction;
}

/** An action as it is written down. */
export interface NamedAction {
  action: string;
  subject: { postId?: string | null; socialAccountId?: string | null; companyId?: string | null };
  detail: Readonly<Record<string, unknown>>;
}

const readingMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
/** Of a body that is kept, in characters. */
const detailLengthMax = 4_000;

export const audit = fastifyPlugin<AuditOptions>(
  async (app: FastifyInstance, { database, nameOf }) => {
    app.addHook("onRoute", ({ method, url, config }) => {
      const changes = [method].flat().filter((name) => !readingMethods.has(name));
      if (changes.length > 0 && nameOf === undefined && config?.audit === undefined) {
        throw new Error(`${changes.join(", ")} ${url} names no action`);
      }
    });
    app.decorateRequest("actionId");
    app.addHook("preHandler", async (request) => {
      if (readingMethods.has(request.method) || request.routeOptions.config.audit === "looks") return;
      const { action, subject, detail } = nameOf?.(request) ?? namedByRoute(request);
      const id = newId();
      await beginOperatorAction(database, {
        id,
        user: request.operator.user,
        via: request.operator.via,
        address: request.ip,
        requestId: request.id,
        action,
        postId: null,
        socialAccountId: null,
        companyId: null,
        ...subject,
        detail,
      });
      request.actionId = id;
    });
    app.addHook("onSend", async (request, reply, payload) => {
      if (request.actionId === undefined) return payload;
      const end = endOf(reply.statusCode, String(reply.getHeader("content-type")), payload);
      await endOperatorAction(database, request.actionId, end).catch((error: unknown) =>
        request.log.warn({ err: error, actionId: request.actionId }, "what became of an action was not written down"),
      );
      return payload;
    });
  },
  { name: "audit", dependencies: ["operator-auth"] },
);

function namedByRoute({ routeOptions, params, body }: FastifyRequest): NamedAction {
  const { action, about, keepBody = false } = routeOptions.config.audit as AuditedAction;
  const { id = null } = params as { id?: string };
  return { action, subject: about === undefined ? {} : { [about]: id }, detail: keepBody ? keptBody(body) : {} };
}

function keptBody(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== "object" || body === null) return {};
  return JSON.stringify(body).length > detailLengthMax ? { tooLong: true } : { ...body };
}

function endOf(statusCode: number, contentType: string, payload: unknown): OperatorActionEnd {
  const outcome = statusCode < 400 ? "done" : statusCode < 500 ? "refused" : "failed";
  return { outcome, statusCode, code: contentType.startsWith(problemMediaType) ? codeOf(payload) : null };
}

function codeOf(payload: unknown): string | null {
  if (typeof payload !== "string") return null;
  const { code } = JSON.parse(payload) as { code?: unknown };
  return typeof code === "string" ? code : null;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** What the change is called that this route makes, or that it only looks; on every such route behind `audit`. */
    audit?: AuditedAction | "looks";
  }
  interface FastifyRequest {
    /** Of the operator's action that this request is; undefined: it is none. */
    actionId: string | undefined;
  }
}
