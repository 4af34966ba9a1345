/** One HTTP request as a test wants it, over a connection of its own, with a limit on how long the answer may take. */
import { connect } from "node:net";
import { request } from "node:http";

export interface RawAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
}

/** Of a stream that never ends the head is enough. */
const streamType = "text/event-stream";

/** @throws if no answer came in time, or the connection ended without one */
export function sendRequest(
  base: string,
  wanted: { method: string; path: string; headers: Record<string, string>; payload: string | Buffer | undefined },
  timeoutMs: number,
): Promise<RawAnswer> {
  const { method, path, headers, payload } = wanted;
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const call = request({
      hostname,
      port,
      method,
      path,
      headers,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    call.on("error", reject);
    call.on("response", (response) => {
      const chunks: Buffer[] = [];
      const finish = () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString("utf8"),
        });
        call.destroy();
      };
      if (response.headers["content-type"]?.startsWith(streamType) === true) return finish();
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", finish);
      response.on("error", reject);
    });
    call.end(payload);
  });
}

/** Sends bytes as they are and reads until the server closes. @throws if it does not in time */
export function sendBytes(base: string, bytes: string, timeoutMs: number): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes, "latin1"));
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the server left the connection open after ${JSON.stringify(bytes.slice(0, 200))}`));
    }, timeoutMs);
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => {
      // A reset after the answer is one way to close.
    });
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString("latin1"));
    });
  });
}
