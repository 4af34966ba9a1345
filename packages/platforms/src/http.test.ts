import type { Socket } from "node:net";
import { openRawServer, until, type RawServer, type RawServerHandlers } from "@punctual/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createHttpClient, type HttpClient, type HttpRequest } from "./http.ts";

/** Ends a test that hangs; never what a test waits for. */
const timeoutMs = 30_000;
/** A time that is to be over; long enough for a connection on loopback. */
const shortMs = 1_000;
const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

let http: HttpClient;
let server: RawServer;

beforeEach(() => {
  http = createHttpClient({ allowPrivateNetworks: true });
});
afterEach(async () => {
  await http.close();
  await server?.close();
});

async function serve(handlers: RawServerHandlers): Promise<void> {
  server = await openRawServer(handlers);
}

function post(changes: Partial<HttpRequest> = {}): HttpRequest {
  return { method: "POST", url: new URL("/hook?a=1", server.url), headers: {}, body: "hello", timeoutMs, ...changes };
}

/** Opens the connection with a first request that is answered, so that the next one is on its way at once. */
async function warmUp(onLaterRequest?: (socket: Socket) => void): Promise<void> {
  await serve({
    onRequest: (socket, _request, count) => {
      if (count === 1) socket.write(ok);
      else onLaterRequest?.(socket);
    },
  });
  expect(await http.request(post())).toMatchObject({ kind: "answer" });
}

test("an answer comes with its status, its headers in lower case and its body", async () => {
  await serve({
    onRequest: (socket) =>
      void socket.end("HTTP/1.1 418 No\r\nRetry-After: 7\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nshort and stout"),
  });
  const result = await http.request(post({ headers: { "x-colour": "blue" } }));
  expect(result).toMatchObject({ kind: "answer", status: 418, headers: { "retry-after": "7", "set-cookie": "a" } });
  expect(result.kind === "answer" && result.body.toString()).toBe("short and stout");
  expect(server.requests()[0]).toMatch(
    /^POST \/hook\?a=1 HTTP\/1\.1\r\n[\s\S]*x-colour: blue\r\n[\s\S]*\r\n\r\nhello$/i,
  );
});

test("a time that is not a whole number of milliseconds is a time", async () => {
  await serve({ onRequest: (socket) => void socket.write(ok) });
  expect(await http.request(post({ timeoutMs: timeoutMs + 0.25 }))).toMatchObject({ kind: "answer", status: 200 });
});

describe("certainly nothing left", () => {
  test("when the connection is refused", async () => {
    await serve({});
    await server.close();
    expect(await http.request(post())).toEqual({
      kind: "not_sent",
      code: "connection_refused",
      message: "the connection was refused",
    });
  });

  test("when the host is unknown", async () => {
    const url = new URL("http://punctual.invalid/");
    const result = await http.request({ method: "POST", url, headers: {}, timeoutMs });
    expect(result.kind).toBe("not_sent");
    expect(["unknown_host", "dns_failed"]).toContain(result.kind === "not_sent" && result.code);
  });

  test("when the other side does not speak TLS", async () => {
    await serve({ onConnection: (socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n") });
    const url = new URL(`https://127.0.0.1:${server.port}/`);
    expect(await http.request(post({ url }))).toMatchObject({ kind: "not_sent" });
    expect(server.received().join("")).not.toContain("POST");
  });

  test("when the connection is reset before it stands", async () => {
    await serve({ onConnection: (socket) => void socket.resetAndDestroy() });
    const url = new URL(`https://127.0.0.1:${server.port}/`);
    expect(await http.request(post({ url }))).toMatchObject({ kind: "not_sent", code: "connection_reset" });
  });

  test("when the caller forbids it at the last moment", async () => {
    await serve({ onRequest: (socket) => void socket.write(ok) });
    const forbidden = Object.assign(new Error("too late"), { code: "send_forbidden" });
    const result = await http.request(
      post({
        beforeSend: () => {
          throw forbidden;
        },
      }),
    );
    expect(result).toEqual({ kind: "not_sent", code: "send_forbidden", message: "the time to send had passed" });
    // The next one goes out, so the server would have seen the first.
    expect(await http.request(post({ body: "second" }))).toMatchObject({ kind: "answer" });
    expect(server.requests()).toHaveLength(1);
    expect(server.received().join("")).toMatch(/second$/);
    expect(server.received().join("")).not.toContain("hello");
  });

  test("when it was stopped before it began", async () => {
    await serve({ onRequest: (socket) => void socket.write(ok) });
    expect(await http.request(post({ signal: AbortSignal.abort() }))).toMatchObject({ kind: "not_sent" });
    expect(await http.request(post({ body: "second" }))).toMatchObject({ kind: "answer" });
    expect(server.requests()).toHaveLength(1);
  });

  test("when a header cannot be sent", async () => {
    await serve({ onRequest: (socket) => void socket.write(ok) });
    expect(await http.request(post({ headers: { "x-bad": "a\r\nx-injected: b" } }))).toMatchObject({
      kind: "not_sent",
    });
    expect(server.received().join("")).toBe("");
  });
});

describe("the request left and its answer is lost", () => {
  test("when the connection is reset after the request", async () => {
    await serve({ onRequest: (socket) => void socket.resetAndDestroy() });
    const lost = { kind: "lost", code: "connection_reset", message: "the connection was reset" };
    expect(await http.request(post())).toEqual(lost);
    expect(server.requests()).toHaveLength(1);
  });

  test("when the connection is closed after the request", async () => {
    await serve({ onRequest: (socket) => void socket.end() });
    expect(await http.request(post())).toMatchObject({ kind: "lost", code: "connection_closed" });
  });

  test("when the answer breaks off in its headers", async () => {
    await serve({ onRequest: (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-le") });
    expect(await http.request(post())).toMatchObject({ kind: "lost" });
  });

  test("when what comes is not HTTP", async () => {
    await serve({ onRequest: (socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n") });
    expect(await http.request(post())).toMatchObject({ kind: "lost" });
  });

  test("when only a provisional answer came", async () => {
    await serve({ onRequest: (socket) => void socket.end("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n") });
    expect(await http.request(post())).toMatchObject({ kind: "lost" });
  });

  test("when no answer comes in time, although the connection stands and the request is there", async () => {
    await warmUp();
    const result = await http.request(post({ timeoutMs: shortMs }));
    expect(result).toEqual({ kind: "lost", code: "timeout", message: "no answer came in time" });
    expect(server.requests()).toHaveLength(2);
  });

  test("when headers drip in too slowly", async () => {
    const drips: NodeJS.Timeout[] = [];
    await warmUp((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nx-drip: ");
      drips.push(setInterval(() => socket.write("a"), 20));
    });
    try {
      expect(await http.request(post({ timeoutMs: shortMs }))).toMatchObject({ kind: "lost", code: "timeout" });
    } finally {
      for (const drip of drips) clearInterval(drip);
    }
  });

  test("when the caller stops it, and the connection ends with it", async () => {
    const stop = new AbortController();
    let left = false;
    await serve({
      onRequest: (socket) => {
        socket.once("close", () => (left = true));
        stop.abort();
      },
    });
    expect(await http.request(post({ signal: stop.signal }))).toMatchObject({ kind: "lost", code: "stopped" });
    expect(await until("the connection to end", async () => left)).toBe(true);
  });

  test("when the caller's own time is over, called by the same name as ours", async () => {
    await warmUp();
    const result = await http.request(post({ signal: AbortSignal.timeout(shortMs) }));
    expect(result).toEqual({ kind: "lost", code: "timeout", message: "no answer came in time" });
  });

  test("and it is sent once, whatever happened to it", async () => {
    let broken: Socket | undefined;
    await serve({
      onRequest: (socket, _request, count) => {
        if (count > 1) return void socket.write(ok);
        broken = socket;
        socket.resetAndDestroy();
      },
    });
    expect(await http.request(post({ body: "once" }))).toMatchObject({ kind: "lost" });
    expect(broken?.destroyed).toBe(true);
    expect(await http.request(post({ body: "another" }))).toMatchObject({ kind: "answer" });
    expect(server.requests().map((request) => request.split("\r\n\r\n")[1])).toEqual(["once", "another"]);
  });
});

describe("an answer counts as one", () => {
  test("when its body is cut short", async () => {
    await serve({ onRequest: (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of") });
    const result = await http.request(post());
    expect(result).toMatchObject({ kind: "answer", status: 200 });
    expect(result.kind === "answer" && result.body.toString()).toBe("half of");
  });

  test("when its body is reset", async () => {
    await serve({
      onRequest: (socket) =>
        void socket.write("HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n", () => socket.resetAndDestroy()),
    });
    expect(await http.request(post())).toMatchObject({ kind: "answer", status: 201 });
  });

  test("when its body never ends", async () => {
    await serve({ onRequest: (socket) => void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf") });
    const result = await http.request(post({ timeoutMs: shortMs }));
    expect(result).toMatchObject({ kind: "answer", status: 200 });
    expect(result.kind === "answer" && result.body.toString()).toBe("half");
  });

  test("when it is huge: what is beyond the cap is not read", async () => {
    const piece = Buffer.alloc(64 * 1024, "a");
    await serve({
      onRequest: (socket) => {
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        const more = () => {
          while (!socket.destroyed && socket.write(`10000\r\n${piece.toString()}\r\n`));
        };
        socket.on("drain", more);
        more();
      },
    });
    const result = await http.request(post());
    expect(result).toMatchObject({ kind: "answer", status: 200 });
    expect(result.kind === "answer" && result.body.length).toBe(256 * 1024);
    expect(result.kind === "answer" && result.body.every((byte) => byte === piece[0])).toBe(true);
  });

  test("when provisional answers come before it", async () => {
    await serve({
      onRequest: (socket) => void socket.write(`HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${ok}`),
    });
    expect(await http.request(post())).toMatchObject({ kind: "answer", status: 200 });
  });

  test("when it leads elsewhere: redirects are not followed", async () => {
    await serve({
      onRequest: (socket) =>
        void socket.write(
          `HTTP/1.1 307 Temporary Redirect\r\nlocation: ${server.url}/two\r\ncontent-length: 0\r\n\r\n`,
        ),
    });
    expect(await http.request(post())).toMatchObject({ kind: "answer", status: 307 });
    expect(server.requests()).toHaveLength(1);
  });
});

test("a connection the server closed while it was idle is not used again", async () => {
  let closed = 0;
  await serve({
    onRequest: (socket) => {
      socket.once("close", () => (closed += 1));
      socket.write(ok, () => socket.end());
    },
  });
  for (const round of [1, 2, 3]) {
    expect(await http.request(post()), `round ${round}`).toMatchObject({ kind: "answer", status: 200 });
    await until("both sides to have closed", async () => closed === round);
  }
  expect(server.received()).toHaveLength(3);
});

test("a connection that stays open is used again", async () => {
  await serve({ onRequest: (socket) => void socket.write(ok) });
  for (let round = 0; round < 20; round += 1) await http.request(post());
  // Two: the first is not yet free in the moment its answer is there.
  expect(server.received().length).toBeLessThanOrEqual(2);
  expect(server.requests()).toHaveLength(20);
});

test("a body of bytes arrives as it was given", async () => {
  await serve({ onRequest: (socket) => void socket.write(ok) });
  const body = Buffer.from("für 🎉", "utf8");
  expect(await http.request(post({ method: "PUT", body }))).toMatchObject({ status: 200 });
  expect(server.requests()[0]?.split("\r\n\r\n")[1]).toBe(body.toString("latin1"));
});
