/** Where a browser goes in the end, and what it reads when there is nothing to go on with. */
import type { ConnectionRecord } from "@punctual/db";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ProblemError } from "../problem.ts";
import { sendPage } from "./page.ts";
import { endView } from "./views.ts";

export type EndStatus = "connected" | "cancelled" | "failed";

/** Sends the browser back to the company's application, with no secret. */
export function goBack(reply: FastifyReply, connection: ConnectionRecord, status: EndStatus): FastifyReply {
  return reply.header("referrer-policy", "no-referrer").redirect(backUrl(connection, status), 303);
}

/** For a way that failed: why, and the way back. */
export function sendFailed(reply: FastifyReply, connection: ConnectionRecord, message: string): FastifyReply {
  const back = { url: backUrl(connection, "failed") };
  return sendPage(reply, {
    title: "Not connected",
    status: 422,
    main: endView("The account was not connected", message, back),
  });
}

/** For a connection nobody can go on with here. */
export function sendGone(reply: FastifyReply, connection: ConnectionRecord | null): FastifyReply {
  if (connection === null) {
    const message = "It may be mistyped, or too old. Ask for a new one.";
    return sendPage(reply, {
      title: "Unknown link",
      status: 404,
      main: endView("This link is not known", message, null),
    });
  }
  const { status, expired } = connection;
  if (status === "connected" || status === "cancelled" || status === "failed") {
    const heading = status === "connected" ? "The account is connected" : "This link was used";
    const message = status === "connected" ? "There is nothing left to do here." : "Ask for a new one to try again.";
    return sendPage(reply, {
      title: heading,
      status: 410,
      main: endView(heading, message, { url: backUrl(connection, status) }),
    });
  }
  const [heading, message] = expired
    ? ["This link is too old", "A link is good for ten minutes. Ask for a new one."]
    : ["This link is used elsewhere", "Go on in the browser you began in, or ask for a new link."];
  return sendPage(reply, { title: heading, status: expired ? 410 : 409, main: endView(heading, message, null) });
}

/** For what did not come from a page of ours in this browser. */
export function sendForeign(reply: FastifyReply): FastifyReply {
  const message =
    "Your browser did not show that this came from it: allow cookies, and open the link again in the browser you began in.";
  return sendPage(reply, {
    title: "Not possible",
    status: 403,
    main: endView("This cannot be gone on with", message, null),
  });
}

/** For what went wrong on our side, or cannot be read. */
export function sendFault(reply: FastifyReply, { status, message, headers }: ProblemError): FastifyReply {
  const main = endView("Something went wrong", message, null);
  return sendPage(reply.headers({ ...headers }), { title: "Something went wrong", status, main });
}

export function baseUrlOf(request: FastifyRequest, publicUrl: string | undefined): string {
  return new URL(publicUrl ?? `${request.protocol}://${request.host}`).origin;
}

function backUrl({ id, returnUrl }: ConnectionRecord, status: EndStatus): string {
  const url = new URL(returnUrl);
  url.searchParams.set("connection", id);
  url.searchParams.set("status", status);
  return url.href;
}
