/** The README's requests are sent as they stand there, and its table is held against the faults there are. */
import { readFileSync } from "node:fs";
import { createLogger } from "@punctual/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faultKinds } from "./faults/fault.ts";
import { createSandbox } from "./sandbox.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const sandbox = createSandbox({ host: "127.0.0.1", port: 0 }, { logger: createLogger("sandbox", "silent") });

beforeAll(() => sandbox.start());
afterAll(() => sandbox.stop());

const requests = [...readme.matchAll(/```http\n([^]*?)```/g)]
  .flatMap(([, block = ""]) => block.trim().split("\n\n"))
  .map((request) => {
    const [, method = "", path = "", body] = /^(\w+) (\S+)(?:\n([^]*))?$/.exec(request) ?? [];
    return { method, path, body };
  });

test("the requests of the README succeed in their order", async () => {
  expect(requests.length).toBeGreaterThan(8);
  for (const { method, path, body } of requests) {
    const answer = await fetch(new URL(path, sandbox.url()), {
      method,
      ...(body === undefined ? {} : { body, headers: { "content-type": "application/json" } }),
    });
    expect(answer.ok, `${method} ${path} answered ${answer.status}`).toBe(true);
  }
});

test("the README's table has every fault there is, and no other", () => {
  const [, section = ""] = readme.split("## Faults");
  const [table = ""] = section.split("## Accounts");
  const listed = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, kind]) => kind);
  expect(new Set(listed)).toEqual(new Set(faultKinds));
});
