/**
 * A TCP server that shows a test every byte a client sent and leaves the answer to the test, down to resets and
 * silence: for what no HTTP server can be made to do.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";

export interface RawServer {
  /** Without a path. */
  url: string;
  port: number;
  /** What came over each connection so far, in the order in which they were made. */
  received(): string[];
  /** The heads and bodies of all requests that arrived whole. */
  requests(): string[];
  close(): Promise<void>;
}

export interface RawServerHandlers {
  /** A whole HTTP request has arrived; nothing is answered but by this. `count` is 1 for the first of all. */
  onRequest?: (socket: Socket, request: string, count: number) => void;
  onConnection?: (socket: Socket) => void;
}

/** On a free port of loopback. */
export async function openRawServer({ onRequest, onConnection }: RawServerHandlers = {}): Promise<RawServer> {
  const connections: { text: string }[] = [];
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const connection = { text: "" };
    connections.push(connection);
    sockets.add(socket);
    let taken = 0;
    socket.on("close", () => sockets.delete(socket));
    // A reset shows as the end of the connection, which is what tests look at.
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      connection.text += chunk.toString("latin1");
      for (;;) {
        const request = firstRequest(connection.text.slice(taken));
        if (request === null) return;
        taken += request.length;
        requests.push(request);
        onRequest?.(socket, request, requests.length);
      }
    });
    onConnection?.(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received: () => connections.map(({ text }) => text),
    requests: () => [...requests],
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The first whole request in the text; null if there is none yet. Bodies by Content-Length only. */
function firstRequest(text: string): string | null {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1) return null;
  const length = Number(/^content-length: *(\d+)/im.exec(text.slice(0, headEnd))?.[1] ?? 0);
  const end = headEnd + 4 + length;
  return text.length < end ? null : text.slice(0, end);
}
