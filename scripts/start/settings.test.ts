import { createServer, type AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { choosePorts, readStartSettings } from "./settings.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "punctual-root-"));
  for (const name of ["PORT", "WORKER_PORT", "SANDBOX_PORT", "DATABASE_URL", "REDIS_URL", "DATA_DIR"])
    vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test("nothing has to be set: data goes to .data below the checkout, servers are our own", () => {
  expect(readStartSettings(root)).toMatchObject({
    dataDirectory: path.join(root, ".data"),
    host: "127.0.0.1",
    databaseUrl: undefined,
    redisUrl: undefined,
    wantedPorts: { PORT: 3000, WORKER_PORT: 3001, SANDBOX_PORT: 3002 },
  });
});

test("a .env in the checkout is read, and the environment wins over it", () => {
  writeFileSync(path.join(root, ".env"), "PORT=3111\nREDIS_URL=redis://127.0.0.1:1/0\n");
  vi.stubEnv("PORT", "3222");
  expect(readStartSettings(root)).toMatchObject({
    redisUrl: "redis://127.0.0.1:1/0",
    wantedPorts: { PORT: 3222 },
  });
});

test("every setting that does not fit is listed, also those only the children use", () => {
  vi.stubEnv("PORT", "many");
  vi.stubEnv("WORKER_CONCURRENCY", "0");
  expect(() => readStartSettings(root)).toThrow(/PORT .*\n.*WORKER_CONCURRENCY /);
});

test("a taken PORT is refused with the port, the variable and a way out that works", async () => {
  const port = await takenPort();
  vi.stubEnv("PORT", String(port));
  const refusal = await choosePorts(readStartSettings(root), () => {}).then(
    () => "accepted",
    (error: Error) => error.message,
  );
  const pattern = new RegExp(`^Port ${port} \\(PORT\\) is taken .* such as \`PORT=(\\d+) npm start\`\\.$`);
  expect(refusal).toMatch(pattern);
  vi.stubEnv("PORT", pattern.exec(refusal)?.[1]);
  vi.stubEnv("WORKER_PORT", "0");
  vi.stubEnv("SANDBOX_PORT", "0");
  await expect(choosePorts(readStartSettings(root), () => {})).resolves.toBeDefined();
});

test("a taken port of the worker or the sandbox is refused only if somebody asked for it", async () => {
  const port = await takenPort();
  const settings = readStartSettings(root);
  const wanted = { ...settings, wantedPorts: { PORT: 0, WORKER_PORT: port, SANDBOX_PORT: 0 } };
  const said: string[] = [];
  const ports = await choosePorts(wanted, (message) => said.push(message));
  expect(ports.worker).not.toBe(port);
  expect(said).toEqual([`Port ${port} is taken, WORKER_PORT is ${ports.worker} this time.`]);
  const asked = { ...wanted, given: { WORKER_PORT: String(port) } };
  await expect(choosePorts(asked, () => {})).rejects.toThrow(`Port ${port} (WORKER_PORT) is taken`);
});

test("port 0 picks free ones, all different", async () => {
  const settings = readStartSettings(root);
  const ports = await choosePorts({ ...settings, wantedPorts: { PORT: 0, WORKER_PORT: 0, SANDBOX_PORT: 0 } }, () => {});
  expect(new Set(Object.values(ports)).size).toBe(3);
  expect(Object.values(ports).every((port) => port > 0)).toBe(true);
});
