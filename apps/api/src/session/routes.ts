/** `/v1/session`: logging in to the pages, and out. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { answer, problems } from "../answer.ts";
import {
  operatorAuth,
  refuseForeignChange,
  sessionChallenge,
  type OperatorAuthOptions,
} from "../plugins/operator-auth.ts";
import { ProblemError } from "../problem.ts";
import { SessionIn, SessionOut } from "./schemas.ts";
import { noSessionCookie, sessionCookie, sessionCookieOf } from "./session-cookie.ts";
import { sessionLifetimeMs } from "./sessions.ts";

/** A page's change is JSON or a DELETE, which other sites cannot make a browser send unasked. */
const programsMayChange = true;

export const sessionRoutes: FastifyPluginAsyncTypebox<OperatorAuthOptions> = async (app, operators) => {
  const { users, sessions, logins, publicUrl } = operators;
  const isSecure = (protocol: string) => publicUrl?.startsWith("https:") === true || protocol === "https";

  app.post(
    "/session",
    {
      schema: {
        operationId: "logIn",
        summary: "Log in to the pages",
        description: "Sets a cookie for 12 hours, which ends earlier with a change of the password.",
        body: SessionIn,
        response: {
          201: answer(SessionOut, "Who is logged in now.", ["Set-Cookie"]),
          ...problems({
            401: { wrong_password: "There is no such user with this password." },
            403: { cross_origin: "Changes must be made from this installation's own pages." },
            429: { rate_limited: "Too many wrong passwords came from your address; try again later." },
          }),
        },
      },
    },
    async (request, reply) => {
      const refusal = refuseForeignChange(request, { publicUrl, programsMayChange }) ?? logins.refusal(request.ip);
      if (refusal !== null) throw refusal;
      const { user, password } = request.body;
      if (users.identify(user, password) === null) {
        logins.failed(request.ip);
        request.log.warn({ address: request.ip }, "somebody tried to log in with a wrong password");
        const headers = { "www-authenticate": sessionChallenge };
        throw new ProblemError(401, "wrong_password", "There is no such user with this password.", { headers });
      }
      const { token, role, expiresAt } = await sessions.begin(user, request.ip);
      request.log.info({ user, address: request.ip }, "an operator logged in");
      reply
        .code(201)
        .header(
          "set-cookie",
          sessionCookie(token, { secure: isSecure(request.protocol), maxAgeMs: sessionLifetimeMs }),
        );
      return { user, role, expiresAt: expiresAt.toISOString() };
    },
  );

  app.delete(
    "/session",
    {
      schema: {
        operationId: "logOut",
        summary: "Log out",
        description: "Again 204 if nobody was logged in.",
        response: {
          204: Type.Null({ description: "Nobody is logged in any more." }),
          ...problems({ 403: { cross_origin: "Changes must be made from this installation's own pages." } }),
        },
      },
    },
    async (request, reply) => {
      const refusal = refuseForeignChange(request, { publicUrl, programsMayChange });
      if (refusal !== null) throw refusal;
      const token = sessionCookieOf(request.headers.cookie);
      if (token !== null) await sessions.end(token);
      reply.header("set-cookie", noSessionCookie({ secure: isSecure(request.protocol) }));
      return reply.code(204).send(null);
    },
  );

  await app.register(async (scope) => {
    await scope.register(operatorAuth, operators);
    scope.get(
      "/session",
      {
        config: { quiet: true },
        schema: {
          operationId: "getSession",
          summary: "Who is logged in",
          response: { 200: SessionAnswer },
        },
      },
      async ({ operator: { user, role, expiresAt } }) => ({ user, role, expiresAt: expiresAt?.toISOString() ?? null }),
    );
  });
};

const SessionAnswer = answer(SessionOut, "The user, by session or by HTTP Basic.");
