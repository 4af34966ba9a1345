/** Somebody else's web server, from which media are fetched: it serves what a test gives it and counts who came. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface MediaServer {
  /** Without a path. */
  url: string;
  /** Serves the bytes at a path from now on. @returns the whole URL */
  put(path: string, bytes: Buffer, headers?: Readonly<Record<string, string>>): string;
  /** Answers a path by itself. @returns the whole URL */
  handle(path: string, handler: (request: IncomingMessage, response: ServerResponse) => void): string;
  /** Paths asked for, in order. */
  requests(): string[];
  close(): Promise<void>;
}

export async function openMediaServer(): Promise<MediaServer> {
  const handlers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    requests.push(path);
    const handler = handlers.get(path);
    if (handler !== undefined) return handler(request, response);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const handle: MediaServer["handle"] = (path, handler) => {
    handlers.set(path, handler);
    return `${url}${path}`;
  };
  return {
    url,
    handle,
    put: (path, bytes, headers = {}) =>
      handle(path, (_request, response) => response.writeHead(200, headers).end(bytes)),
    requests: () => [...requests],
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
