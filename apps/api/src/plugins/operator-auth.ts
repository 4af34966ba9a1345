/**
 * Who runs the installation: the users `operator`, who may act, and `viewer`, who may look, by HTTP Basic or by the
 * session of a page. A change must come from a page of ours: browsers send passwords and cookies along with requests
 * that other sites make them send.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { ProblemError } from "../problem.ts";
import type { AttemptLimit } from "../rate-limits/attempt-limit.ts";
import type { OperatorRole, OperatorUsers } from "../session/operator-users.ts";
import { sessionCookieOf } from "../session/session-cookie.ts";
import type { Session, Sessions } from "../session/sessions.ts";
import { sendProblem } from "./errors.ts";

export interface OperatorPasswords {
  operatorPassword: string;
  /** Without it there is no viewer. */
  viewerPassword: string | undefined;
  /** Where browsers reach us; undefined: wherever they say they do. */
  publicUrl: string | undefined;
}

export interface OperatorAuthOptions {
  users: OperatorUsers;
  sessions: Sessions;
  /** Where browsers reach us; undefined: wherever they say they do. */
  publicUrl: string | undefined;
  /** Wrong passwords by address; one for all places that ask for a password. */
  logins: AttemptLimit;
}

/** Who is logged in, and how that is known. */
export interface LoggedIn {
  user: string;
  role: OperatorRole;
  via: "password" | "session";
  /** When the session ends; null: there is none. */
  expiresAt: Date | null;
}

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
    app.addHook("onRoute", (route) => {
      route.config = { ...route.config, forOperators: true };
    });
    app.decorateRequest("operator");
    app.addHook("onRequest", async (request, reply) => {
      // Sent from here, not thrown: a page's library may bring an error handler of its own.
      try {
        const known = await identify(request, options);
        const refusal = known === null ? unauthorized(request) : refuseChange(request, known.role, options);
        if (refusal !== null) return await sendProblem(refusal, request, reply);
        request.operator = known as LoggedIn;
      } catch (error) {
        return sendProblem(error, request, reply);
      }
    });
  },
  { name: "operator-auth" },
);

/**
 * What came with the request itself counts before a cookie, which browsers send unasked.
 *
 * @throws {ProblemError} 429 if too many wrong passwords came from there
 */
async function identify(
  request: FastifyRequest,
  { users, sessions, logins }: OperatorAuthPluginOptions,
): Promise<LoggedIn | null> {
  const login = readBasic(request.headers.authorization);
  if (login !== null) {
    const lockedOut = logins.refusal(request.ip);
    if (lockedOut !== null) throw lockedOut;
    const role = users.identify(login.user, login.password);
    if (role === null) logins.failed(request.ip);
    return role === null ? null : { user: login.user, role, via: "password", expiresAt: null };
  }
  const token = sessionCookieOf(request.headers.cookie);
  const session: Session | null = token === null ? null : await sessions.find(token);
  return session === null ? null : { ...session, via: "session" };
}

/** Null if there is no log-in at all. */
function readBasic(authorization: string | undefined): { user: string; password: string } | null {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return null;
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  return colon < 0 ? null : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function refuseChange(
  request: FastifyRequest,
  role: OperatorRole,
  { publicUrl, programsMayChange = false }: OperatorAuthPluginOptions,
): ProblemError | null {
  if (readingMethods.has(request.method)) return null;
  if (role !== "operator") return new ProblemError(403, "viewers_only_look", "Viewers change nothing.");
  return refuseForeignChange(request, { publicUrl, programsMayChange });
}

/** Null if the request comes from a page of ours, or from a program where these may. */
export function refuseForeignChange(
  request: FastifyRequest,
  { publicUrl, programsMayChange }: { publicUrl: string | undefined; programsMayChange: boolean },
): ProblemError | null {
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

/**
 * A browser would ask for the password itself if a page's own request were answered like any other. Without TLS it does
 * not say what a request is for; our page does.
 */
function unauthorized({ headers }: FastifyRequest): ProblemError {
  const isOfPage = headers["sec-fetch-dest"] === "empty" || headers["x-requested-with"] !== undefined;
  const scheme = isOfPage ? sessionChallenge : 'Basic realm="Punctual operators", charset="UTF-8"';
  return new ProblemError(401, "operator_login_required", "Log in as an operator.", {
    headers: { "www-authenticate": scheme },
  });
}

/** Asks for a log-in at `/v1/session`. */
export const sessionChallenge = 'Session realm="Punctual operators"';

declare module "fastify" {
  interface FastifyRequest {
    /** Who is logged in; set on every route behind `operatorAuth`. */
    operator: LoggedIn;
  }
}
