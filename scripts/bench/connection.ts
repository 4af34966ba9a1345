/**
 * One HTTP/1.1 connection that asks one thing at a time, with next to nothing between it and the socket: what makes
 * the load must not be what is measured. Answers must name their length, which all that is measured here do.
 */
import { connect } from "node:net";

export interface Connection {
  /** @param request the whole of it, head and body */
  ask(request: string): Promise<Answer>;
  close(): void;
}

export interface Answer {
  status: number;
  body: Buffer;
}

const endOfHead = "\r\n\r\n";

export function openConnection(url: URL): Promise<Connection> {
  return new Promise((opened, failed) => {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    let open: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
    let received: Buffer[] = [];
    let bytes = 0;
    /** Of the answer being read: how many bytes it has, head included. */
    let expected: { status: number; head: number; total: number } | undefined;

    const fail = (error: Error) => {
      failed(error);
      open?.reject(error);
      open = undefined;
      socket.destroy();
    };
    socket.on("error", fail);
    socket.on("close", () => fail(new Error("the connection was closed")));
    socket.on("data", (chunk: Buffer) => {
      received.push(chunk);
      bytes += chunk.length;
      if (expected === undefined) {
        const whole = Buffer.concat(received);
        received = [whole];
        const head = whole.indexOf(endOfHead);
        if (head < 0) return;
        const text = whole.toString("latin1", 0, head);
        const length = /^content-length: *(\d+)/im.exec(text)?.[1];
        if (length === undefined) return fail(new Error("an answer without a length"));
        const bodyAt = head + endOfHead.length;
        expected = { status: Number(text.slice(9, 12)), head: bodyAt, total: bodyAt + Number(length) };
      }
      if (bytes < expected.total) return;
      const answer = { status: expected.status, body: Buffer.concat(received).subarray(expected.head) };
      received = [];
      bytes = 0;
      expected = undefined;
      const asked = open;
      open = undefined;
      asked?.resolve(answer);
    });
    socket.on("connect", () =>
      opened({
        ask: (request) =>
          new Promise<Answer>((resolve, reject) => {
            if (socket.destroyed) return reject(new Error("the connection was closed"));
            open = { resolve, reject };
            socket.write(request);
          }),
        close: () => socket.destroy(),
      }),
    );
  });
}
