/** The nemesis' hands on the wire do what they say. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { until } from "@punctual/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startProxy, type Proxy } from "./proxy.ts";

describe("a proxy", () => {
  let server: Server;
  let proxy: Proxy;
  let heard: string;
  const clients: Client[] = [];

  beforeEach(async () => {
    heard = "";
    server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        heard += chunk.toString();
        socket.write(`echo ${chunk.toString()}`);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    proxy = await startProxy((server.address() as AddressInfo).port);
  });

  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    await proxy.stop();
    server.close();
  });

  async function dial(): Promise<Client> {
    const socket = connect(proxy.port, "127.0.0.1");
    const client: Client = { socket, got: "", closed: false };
    clients.push(client);
    socket.on("error", () => {});
    socket.on("data", (chunk) => (client.got += chunk.toString()));
    socket.on("close", () => (client.closed = true));
    await until("a connection", async () => !socket.connecting);
    return client;
  }

  it("forgets the connections it has, and serves new ones", async () => {
    const old = await dial();
    old.socket.write("one ");
    await until("it is answered", async () => old.got.includes("one"));
    proxy.forgetConnections();
    old.socket.write("two ");
    const fresh = await dial();
    fresh.socket.write("three ");
    await until("the new one is answered", async () => fresh.got.includes("three"));
    expect([heard.includes("two"), old.got.includes("two"), old.closed]).toEqual([false, false, false]);
  });

  it("passes everything on", async () => {
    const client = await dial();
    client.socket.write("hello");
    expect(await until("the answer", async () => client.got === "echo hello")).toBe(true);
  });

  it("lets a request arrive and swallows its answer", async () => {
    const client = await dial();
    proxy.set({ kind: "drop_answers", resetAfterMs: 0 });
    client.socket.write("hello");
    await until("the connection to be reset", async () => client.closed);
    expect({ heard, got: client.got }).toEqual({ heard: "hello", got: "" });
  });

  it("resets open and new connections while it is cut", async () => {
    const open = await dial();
    proxy.set({ kind: "cut" });
    await until("the open connection to be reset", async () => open.closed);
    const fresh = await dial();
    await until("the new connection to be reset", async () => fresh.closed);
    expect(heard).toBe("");
  });

  it("keeps a black hole's connections open and silent, and resets them afterwards", async () => {
    const client = await dial();
    proxy.set({ kind: "blackhole" });
    client.socket.write("hello");
    const other = await dial();
    expect({ heard, closed: client.closed, other: other.closed }).toEqual({ heard: "", closed: false, other: false });
    proxy.set({ kind: "pass" });
    expect(await until("the connection to be reset", async () => client.closed)).toBe(true);
  });
});

interface Client {
  socket: Socket;
  got: string;
  closed: boolean;
}
