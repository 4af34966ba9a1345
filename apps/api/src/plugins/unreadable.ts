/** Requests so broken that Node cannot parse them: answered by hand on the socket, as a problem document like any other. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { newId } from "@punctual/db";
import type { ConnectionError, FastifyBaseLogger } from "fastify";
import { ProblemError, problemDocument, problemMediaType } from "../problem.ts";

export function answerUnreadable(error: ConnectionError, socket: Socket, logger: FastifyBaseLogger): void {
  // The other side is gone, or an answer is already on its way.
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const problem = unreadableProblem(error.code);
  const requestId = newId();
  logger.debug({ err: error, requestId, status: problem.status }, "unreadable request");
  const body = JSON.stringify(problemDocument(problem, requestId));
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${problemMediaType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${isHead(error) ? "" : body}`);
}

/** Who asks for the head alone takes a body for the beginning of another answer. */
function isHead(error: object): boolean {
  return (
    "rawPacket" in error && Buffer.isBuffer(error.rawPacket) && error.rawPacket.toString("latin1", 0, 5) === "HEAD "
  );
}

function unreadableProblem(code: string): ProblemError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new ProblemError(431, "headers_too_large", "The headers are too large.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new ProblemError(408, "request_timeout", "The request took too long to arrive.");
    default:
      return new ProblemError(400, "malformed_request", "This is not a valid HTTP request.");
  }
}
