/** Answers that go on: server-sent events (WHATWG HTML, section 9.2). */
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";

export const streamMediaType = "text/event-stream";

/** @param chunks whole events; the stream ends with them, or when the client goes */
export function sendStream(reply: FastifyReply, chunks: AsyncGenerator<string>): FastifyReply {
  return (
    reply
      .type(`${streamMediaType}; charset=utf-8`)
      // It has its connection to itself, so that nothing lingers when we stop.
      .header("connection", "close")
      // Proxies that collect answers would hold it back.
      .header("x-accel-buffering", "no")
      .send(Readable.from(chunks, { highWaterMark: 1 }))
  );
}
