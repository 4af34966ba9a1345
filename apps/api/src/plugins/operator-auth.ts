/**
 * Who runs the installation: the users `operator`, who may act, and `viewer`, who may look, by HTTP Basic. A change
 * must come from a page of ours: browsers send passwords along with requests that other sites make them send.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { ProblemError } from "../problem.ts";
import type { AttemptLimit } from "../rate-limits/attempt-limit.ts";
import { sendProblem } from "./errors.ts";

export interface OperatorPasswords {
  operatorPassword: string;
  /** Without it there is no viewer. */
  viewerPassword: string | undefined;
  /** Where browsers reach us; undefined: wherever they say they do. */
  publicUrl: string | undefined;
}

export interface OperatorAuthOptions extends OperatorPasswords {
  /** Wrong passwords by address; one for all places that ask for a password. */
  logins: AttemptLimit;
}

export type OperatorRole = "operator" | "viewer";

const readingMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export interface OperatorAuthPluginOptions extends OperatorAuthOptions {
  /**
   * Whether a change may come without saying from where. Browsers say it, or ask beforehand whether they may send
   * JSON or DELETE; so this is safe where a change is one of these, and lets programs in.
   */
  programsMayChange?: boolean;
}

/** Guards every route of the scope it is registered in. */
export const operatorAuth = fastifyPlugin<OperatorAuthPluginOptions>(
  async (app: FastifyInstance, options) => {
    const passwords = new Map<string, { role: OperatorRole; digest: Buffer }>();
    passwords.set("operator", { role: "operator", digest: digest(options.operatorPassword) });
    if (options.viewerPassword !== undefined) {
      passwords.set("viewer", { role: "viewer", digest: digest(options.viewerPassword) });
    }

    app.addHook("onRoute", (route) => {
      route.config = { ...route.config, forOperators: true };
    });
    app.decorateRequest("operatorRole");
    app.addHook("onRequest", async (request, reply) => {
      const login = readBasic(request.headers.authorization);
      const lockedOut = login === null ? null : options.logins.refusal(request.ip);
      // Sent from here, not thrown: a page's library may bring an error handler of its own.
      if (lockedOut !== null) return sendProblem(lockedOut, request, reply);
      const role = login === null ? null : identify(login, passwords);
      if (login !== null && role === null) options.logins.failed(request.ip);
      const refusal = role === null ? unauthorized() : refuseChange(request, role, options);
      if (refusal !== null) return sendProblem(refusal, request, reply);
      request.operatorRole = role as OperatorRole;
    });
  },
  { name: "operator-auth" },
);

interface Login {
  user: string;
  password: string;
}

/** Null if there is no log-in at all. */
function readBasic(authorization: string | undefined): Login | null {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return null;
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  return colon < 0 ? null : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function identify(
  login: Login,
  passwords: ReadonlyMap<string, { role: OperatorRole; digest: Buffer }>,
): OperatorRole | null {
  const user = passwords.get(login.user);
  const given = digest(login.password);
  // Unknown users cost the same: comparing happens either way, and digests have one length.
  const matches = timingSafeEqual(given, user?.digest ?? digest(""));
  return user !== undefined && matches ? user.role : null;
}

function refuseChange(
  request: FastifyRequest,
  role: OperatorRole,
  { publicUrl, programsMayChange = false }: OperatorAuthPluginOptions,
): ProblemError | null {
  if (readingMethods.has(request.method)) return null;
  if (role !== "operator") return new ProblemError(403, "viewers_only_look", "Viewers change nothing.");
  if (programsMayChange && isProgram(request)) return null;
  if (isSameOrigin(request, publicUrl)) return null;
  return new ProblemError(403, "cross_origin", "Changes must be made from this installation's own pages.");
}

function isProgram({ headers }: FastifyRequest): boolean {
  return headers["sec-fetch-site"] === undefined && headers.origin === undefined;
}

function isSameOrigin({ headers }: FastifyRequest, publicUrl: string | undefined): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  const { origin } = headers;
  if (typeof origin !== "string" || !URL.canParse(origin)) return false;
  if (publicUrl !== undefined) return new URL(origin).origin === new URL(publicUrl).origin;
  return new URL(origin).host === headers.host;
}

function digest(password: string): Buffer {
  return createHash("sha256").update(password).digest();
}

function unauthorized(): ProblemError {
  const headers = { "www-authenticate": 'Basic realm="Punctual operators", charset="UTF-8"' };
  return new ProblemError(401, "operator_login_required", "Log in as an operator.", { headers });
}

declare module "fastify" {
  interface FastifyRequest {
    /** Who is logged in; set on every route behind `operatorAuth`. */
    operatorRole: OperatorRole;
  }
}
