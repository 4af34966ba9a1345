/** The ways an answer leaves, down to the socket: as it should, late, garbled, or not at all. */
import type { FastifyReply, FastifyRequest } from "fastify";

export interface Answer {
  status: number;
  /** A text goes out as it is, null as nothing, anything else as JSON. */
  body: unknown;
  headers?: Readonly<Record<string, string>>;
}

/** In how many pieces a slow answer leaves, at most. */
const slowPiecesMax = 50;
/** Pieces do not follow each other faster, in milliseconds. */
const slowTickMsMin = 10;

export function giveAnswer(reply: FastifyReply, { status, body, headers = {} }: Answer): void {
  void reply
    .code(status)
    .headers(headers)
    .send(body ?? undefined);
}

/** Ends the connection with a reset, as a crashed or overloaded machine does. */
export function breakOff(request: FastifyRequest, reply: FastifyReply): void {
  void reply.hijack();
  request.raw.socket.resetAndDestroy();
}

/** Says nothing until the client leaves, at most so many milliseconds; then the connection ends. */
export function holdOpen(request: FastifyRequest, reply: FastifyReply, ms: number): void {
  void reply.hijack();
  const { socket } = request.raw;
  const timer = setTimeout(() => socket.destroy(), ms);
  socket.once("close", () => clearTimeout(timer));
}

/** Sends status and headers at once and the body in small pieces over so many milliseconds. */
export function sendSlowly(request: FastifyRequest, reply: FastifyReply, answer: Answer, ms: number): void {
  void reply.hijack();
  const { socket } = request.raw;
  const bytes = Buffer.from(answer.body === null ? "" : textOf(answer.body));
  reply.raw.writeHead(answer.status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": bytes.length,
    ...answer.headers,
  });
  reply.raw.flushHeaders();
  const started = performance.now();
  let sent = 0;
  const timer = setInterval(
    () => {
      const share = Math.min(1, (performance.now() - started) / ms);
      const end = Math.floor(bytes.length * share);
      if (end > sent) reply.raw.write(bytes.subarray(sent, end));
      sent = end;
      if (share < 1) return;
      clearInterval(timer);
      reply.raw.end();
    },
    Math.max(slowTickMsMin, ms / slowPiecesMax),
  );
  socket.once("close", () => clearInterval(timer));
}

/** Sends what is not HTTP, or HTTP that promises JSON and breaks off in it. */
export function sendGarbage(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
  form: "not_http" | "invalid_json",
): void {
  if (form === "invalid_json") {
    const broken = textOf(answer.body).slice(0, -1);
    void reply.code(answer.status).header("content-type", "application/json; charset=utf-8").send(broken);
    return;
  }
  void reply.hijack();
  request.raw.socket.end("SSH-2.0-OpenSSH_9.2\r\n\u0000\u0001\u0002\r\n");
}

function textOf(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}
