/** Ports on this machine. */
import { connect, createServer } from "node:net";

const connectTimeoutMs = 1_000;

/** A port nobody listens on now. Somebody may take it before it is used: be ready to ask again. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  const port = await tryListen(0, host);
  if (port === null) throw new Error(`no free port on ${host}`);
  return port;
}

/** @param host it counts as taken too if somebody listens on all addresses */
export async function isPortFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  // Some systems let one address be taken beside all addresses, so ask whether anybody answers as well.
  return (await tryListen(port, host)) !== null && !(await doesAnswer(port, host));
}

function tryListen(port: number, host: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(null);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : null));
    });
  });
}

function doesAnswer(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, timeout: connectTimeoutMs });
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
    socket.once("timeout", () => settle(false));
  });
}
