/**
 * A TCP proxy between one process and one thing it depends on, which misbehaves on command: the nemesis' hands on the
 * wire. Its worst trick is `drop_answers`: the request arrives and has its effect, the answer never comes back.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export type ProxyMode =
  | { kind: "pass" }
  /** Both directions are late by so many milliseconds. */
  | { kind: "delay"; ms: number }
  /** Open connections are reset, new ones too. */
  | { kind: "cut" }
  /** Nothing gets through, nothing is closed: a broken route. */
  | { kind: "blackhole" }
  /** What the client says arrives; what the server says is swallowed, and then the connection is reset. */
  | { kind: "drop_answers"; resetAfterMs: number };

export interface Proxy {
  readonly port: number;
  set(mode: ProxyMode): void;
  /** Resets the connections open now and goes on as before. */
  resetConnections(): void;
  /** The connections open now are never heard of again, in either direction; later ones work. */
  forgetConnections(): void;
  /** New connections lead there; those open now stay where they are, as when a name is given to another server. */
  redirect(target: number): void;
  stop(): Promise<void>;
}

const host = "127.0.0.1";

/** @param firstTarget port on loopback */
export async function startProxy(firstTarget: number): Promise<Proxy> {
  let target = firstTarget;
  let mode: ProxyMode = { kind: "pass" };
  const pairs = new Set<Socket>();
  const forgotten = new WeakSet<Socket>();

  const server: Server = createServer({ noDelay: true }, (client) => {
    if (mode.kind === "cut") return void client.resetAndDestroy();
    const upstream = connect({ port: target, host, noDelay: true });
    pairs.add(client);
    const end = () => {
      pairs.delete(client);
      client.destroy();
      upstream.destroy();
    };
    const reset = () => {
      pairs.delete(client);
      if (!client.destroyed) client.resetAndDestroy();
      upstream.destroy();
    };
    client.once("reset", reset);
    for (const socket of [client, upstream]) {
      socket.on("error", end);
      socket.once("close", end);
    }
    client.on("data", (chunk) => {
      if (!forgotten.has(client)) forward(upstream, chunk);
    });
    upstream.on("data", (chunk) => {
      if (forgotten.has(client)) return;
      if (mode.kind !== "drop_answers") return forward(client, chunk);
      setTimeout(reset, mode.resetAfterMs);
    });
  });

  function forward(to: Socket, chunk: Buffer): void {
    if (mode.kind === "blackhole") return;
    if (mode.kind !== "delay") return void to.write(chunk);
    setTimeout(() => to.writable && to.write(chunk), mode.ms);
  }

  const resetConnections = () => {
    for (const client of pairs) client.emit("reset");
  };

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: 0, host }, resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      const before = mode;
      mode = next;
      // After a delay or a hole the streams have gaps or are out of order: nobody could go on with them.
      if (next.kind === "cut" || (next.kind === "pass" && before.kind !== "pass")) resetConnections();
    },
    resetConnections,
    redirect(next) {
      target = next;
    },
    forgetConnections() {
      for (const client of pairs) forgotten.add(client);
    },
    async stop() {
      for (const client of pairs) client.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
