import { openRawServer } from "@punctual/testing";
import { describe, expect, test } from "vitest";
import { guardLookup, isPublicAddress, namesPrivateAddress, type Lookup } from "./address-guard.ts";
import { createHttpClient, type HttpResult } from "./http.ts";

const timeoutMs = 30_000;

describe("an address is public", () => {
  test.each(["1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.0", "192.167.255.255", "223.255.255.255"])(
    "if it is one of the internet's, like %s",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  test.each(["2606:4700::1111", "2a00:1450:4001:81b::200e", "::ffff:1.1.1.1"])(
    "also of version 6, like %s",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  test.each([
    ["this machine", "127.0.0.1"],
    ["this machine", "127.255.255.254"],
    ["this machine", "::1"],
    ["any address of this machine", "0.0.0.0"],
    ["any address of this network", "0.1.2.3"],
    ["any address of this machine", "::"],
    ["a private network", "10.0.0.1"],
    ["a private network", "172.16.0.1"],
    ["a private network", "172.31.255.255"],
    ["a private network", "192.168.1.1"],
    ["a private network", "fd12:3456:789a::1"],
    ["a private network", "fc00::1"],
    ["the link, and cloud metadata", "169.254.169.254"],
    ["the link", "fe80::1"],
    ["the link, with its interface", "fe80::1%eth0"],
    ["a site, deprecated", "fec0::1"],
    ["a carrier's network", "100.64.0.1"],
    ["protocol assignments", "192.0.0.1"],
    ["documentation", "192.0.2.1"],
    ["documentation", "2001:db8::1"],
    ["documentation", "3fff::1"],
    ["benchmarking", "198.18.0.1"],
    ["many receivers", "224.0.0.1"],
    ["many receivers", "ff02::1"],
    ["everybody", "255.255.255.255"],
    ["the future", "240.0.0.1"],
    ["a loopback dressed as version 6", "::ffff:127.0.0.1"],
    ["a loopback dressed as version 6, in hex", "::ffff:7f00:1"],
    ["a loopback in the deprecated compatible form", "::127.0.0.1"],
    ["a loopback behind translation (RFC 6145)", "::ffff:0:127.0.0.1"],
    ["a loopback behind NAT64", "64:ff9b::127.0.0.1"],
    ["a private network behind a local NAT64", "64:ff9b:1::10.0.0.1"],
    ["a loopback behind 6to4", "2002:7f00:1::"],
    ["a loopback behind Teredo", "2001:0:7f00:1::"],
    ["segment routing", "5f00::1"],
    ["nobody: never assigned", "4000::1"],
    ["a dead end", "100::1"],
    ["no address at all", "example.com"],
    ["nothing", ""],
  ])("not if it leads to %s: %s", (_where, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe("a URL names a private address", () => {
  test.each([
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/path",
    "http://127.1/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://017700000001/",
    "http://127.0.0.1./",
    "http://①②⑦.0.0.1/",
    "http://%31%32%37.0.0.1/",
    "http://0/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[fe80::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://api.localhost/",
    "http://user@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/",
    "http://example.com%2f@127.0.0.1/",
    "http:127.0.0.1/",
    "http:/\\127.0.0.1\\",
    "http://\t127.0.0\n.1/",
    "http://127.0.1/",
    "http://0177.0.0.1/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0300.0250.1/",
    "http://3232235777/",
    "http://127。0．0｡1/",
    "http://１２７.0.0.1/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://localhost%2e/",
    "http://api.localhost./",
    "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
    "http://[2002:a00:1::]/",
  ])("spelled %s", (url) => {
    expect(namesPrivateAddress(new URL(url))).toBe(true);
  });

  test.each([
    "https://example.com/",
    "https://1.1.1.1/",
    "https://[2606:4700::1111]/",
    "https://localhost.example.com/",
    "https://127.0.0.1.example.com/",
    "https://notlocalhost/",
    "https://127.0.0.1@example.com/",
    "https://example.com/@127.0.0.1/",
    "https://example.com#@127.0.0.1",
    "https://example.com?127.0.0.1",
  ])("but not spelled %s", (url) => {
    expect(namesPrivateAddress(new URL(url))).toBe(false);
  });
});

describe("a guarded client", () => {
  const refused = { kind: "not_sent", code: "private_address" };

  test.each([
    "http://127.0.0.1:",
    "http://0x7f.1:",
    "http://2130706433:",
    "http://localhost:",
    "http://[::ffff:7f00:1]:",
  ])("never connects to %s…", async (start) => {
    const { result, received } = await reach((port) => `${start}${port}/`);
    expect(result).toMatchObject(refused);
    expect(received).toEqual([]);
  });

  test("never connects to a name that only resolves to a private address", async () => {
    const { result, received } = await reach((port) => `http://innocent.example:${port}/`, ["127.0.0.1"]);
    expect(result).toMatchObject(refused);
    expect(received).toEqual([]);
  });

  test("refuses a name if only one of its addresses is private", async () => {
    const { result, received } = await reach((port) => `http://mixed.example:${port}/`, ["93.184.216.34", "127.0.0.1"]);
    expect(result).toMatchObject(refused);
    expect(received).toEqual([]);
  });

  test("says nothing of the address a name resolved to", async () => {
    const { result } = await reach((port) => `http://innocent.example:${port}/`, ["10.1.2.3"]);
    expect(JSON.stringify(result)).not.toContain("10.1.2.3");
  });

  test("asks for a name's addresses once, so that a name which changes its mind gains nothing", async () => {
    const { lookups } = await reach((port) => `http://innocent.example:${port}/`, ["127.0.0.1"]);
    expect(lookups).toBe(1);
  });

  test("asks again for every connection: a name that was public before gains nothing by that", async () => {
    // Nobody was ever given this network, so nothing answers there.
    const answers = ["3000::1", "127.0.0.1"];
    const { server, lookup, lookups } = await rebinding(answers);
    const http = createHttpClient({ allowPrivateNetworks: false, lookup });
    const url = new URL(`http://rebinding.example:${server.port}/`);
    const ask = (timeoutMs: number) => http.request({ method: "POST", url, headers: {}, timeoutMs });
    const first = await ask(100);
    expect(first.kind).toBe("not_sent");
    expect(first).not.toMatchObject(refused);
    expect(await ask(timeoutMs)).toMatchObject(refused);
    expect(lookups()).toBe(2);
    expect(server.received()).toEqual([]);
    await http.close();
    await server.close();
  });

  test("is given exactly the addresses that were looked at, in both forms Node asks for", async () => {
    const addresses = [
      { address: "93.184.216.34", family: 4 },
      { address: "2606:4700::1111", family: 6 },
    ];
    const lookup = guardLookup((_hostname, _options, callback) => callback(null, addresses));
    const answered = (all: boolean) =>
      new Promise<unknown[]>((resolve) => lookup("name.example", { all }, (...answer) => resolve(answer)));
    expect(await answered(true)).toEqual([null, addresses]);
    expect(await answered(false)).toEqual([null, "93.184.216.34", 4]);
  });

  test("is what keeps the request away: an unguarded one arrives", async () => {
    const { result, received } = await reach((port) => `http://innocent.example:${port}/`, ["127.0.0.1"], true);
    expect(result).toMatchObject({ kind: "answer", status: 200 });
    expect(received).toHaveLength(1);
  });
});

/** Sends a request to a server on loopback, through a client that resolves names as told. */
async function reach(
  urlOf: (port: number) => string,
  addresses: readonly string[] = [],
  allowPrivateNetworks = false,
): Promise<{ result: HttpResult; received: string[]; lookups: number }> {
  let lookups = 0;
  const lookup: Lookup = (_hostname, _options, callback) => {
    lookups += 1;
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  };
  const server = await openRawServer({
    onRequest: (socket) => void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
  });
  const http = createHttpClient({ allowPrivateNetworks, ...(addresses.length > 0 ? { lookup } : {}) });
  try {
    const result = await http.request({ method: "POST", url: new URL(urlOf(server.port)), headers: {}, timeoutMs });
    return { result, received: server.received(), lookups };
  } finally {
    await http.close();
    await server.close();
  }
}

/** A server on loopback, and a look-up that gives the next answer each time it is asked. */
async function rebinding(answers: readonly string[]) {
  const server = await openRawServer();
  let asked = 0;
  const lookup: Lookup = (_hostname, _options, callback) => {
    const address = answers[Math.min(asked, answers.length - 1)] ?? "";
    asked += 1;
    callback(null, [{ address, family: address.includes(":") ? 6 : 4 }]);
  };
  return { server, lookup, lookups: () => asked };
}
