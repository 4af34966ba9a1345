import { createLogger } from "@punctual/runtime";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createSandbox } from "../sandbox.ts";

const sandbox = createSandbox({ host: "127.0.0.1", port: 0 }, { logger: createLogger("sandbox", "silent") });

beforeAll(() => sandbox.start());
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await fetch(new URL("/_ledger", sandbox.url()), { method: "DELETE" });
});

async function deliver(account: string, id: string, body: unknown): Promise<{ id: string }> {
  const answer = await fetch(new URL(`/webhook/${account}`, sandbox.url()), {
    method: "POST",
    headers: { "content-type": "application/json", "webhook-id": id },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as { id: string };
}

async function page(path: string): Promise<{ status: number; text: string; headers: Headers }> {
  const answer = await fetch(new URL(path, sandbox.url()));
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

test("the first page lists the accounts with their counts, the most recently active first", async () => {
  await deliver("quiet", "p1", { text: "one" });
  await deliver("busy", "p2", { text: "two" });
  await deliver("busy", "p2", { text: "two" });
  const { text } = await page("/");
  expect(text).toMatch(/1 post · 1 repeat absorbed · 0 refused[\s\S]*1 post · 0 repeats absorbed/);
  expect(text.indexOf("/feed/webhook/busy")).toBeLessThan(text.indexOf("/feed/webhook/quiet"));
});

test("an account goes by the name it was given", async () => {
  await deliver("a", "p1", { text: "one" });
  await fetch(new URL("/_control/accounts/a", sandbox.url()), {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Northwind <Coffee>" }),
  });
  expect((await page("/")).text).toContain("Northwind &lt;Coffee&gt;");
  expect((await page("/feed/webhook/a")).text).toContain("<h1>Northwind &lt;Coffee&gt;</h1>");
});

test("a post shows its text, link, media, lateness and how many repeats were absorbed", async () => {
  const scheduledAt = new Date(Date.now() - 3_600_000 * 5).toISOString();
  const media = [{ url: "https://example.com/tea.jpg", alt: "A cup of tea" }];
  const body = { text: "Tea time", link: "https://example.com/tea?a=1&b=2", media, scheduledAt };
  const { id } = await deliver("a", "p1", body);
  await deliver("a", "p1", body);
  const { text } = await page("/feed/webhook/a");
  expect(text).toContain("Tea time");
  expect(text).toContain('href="https://example.com/tea?a=1&amp;b=2"');
  expect(text).toContain("Media: A cup of tea");
  expect(text).toContain("5 h after its time");
  expect(text).toContain("1 repeat absorbed");
  expect(text).toContain(`/feed/webhook/a/${id}`);
});

test("nothing that came in over the wire becomes markup or a script link", async () => {
  const nasty = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
  await deliver("a", "p1", {
    text: nasty,
    link: "javascript:alert(1)",
    media: [{ url: `https://x/${nasty}`, alt: nasty }],
  });
  const { text, headers } = await page("/feed/webhook/a");
  expect(text).not.toContain("<script>alert");
  expect(text).not.toContain("<img");
  expect(text).not.toMatch(/href="javascript:/i);
  expect(text).toContain("javascript:alert(1)");
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  const [, nonce] = /script-src 'nonce-([^']+)'/.exec(policy) ?? [];
  expect(text.match(/<script[^>]*>/g)).toEqual([`<script nonce="${nonce}">`]);
});

test("every answer has a nonce of its own", async () => {
  const policies = [await page("/"), await page("/")].map(({ headers }) => headers.get("content-security-policy"));
  expect(policies[0]).not.toBe(policies[1]);
});

test("a post's page tells how it got there, refused deliveries and repeats included", async () => {
  await fetch(new URL("/_control/faults", sandbox.url()), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ times: 1, fault: { kind: "status", status: 503 } }),
  });
  await deliver("a", "p1", { text: "Hello" });
  const { id } = await deliver("a", "p1", { text: "Hello" });
  await deliver("a", "p1", { text: "Hello" });
  const { status, text } = await page(`/feed/webhook/a/${id}`);
  expect(status).toBe(200);
  expect(text).toMatch(/refused[\s\S]*503[\s\S]*accepted[\s\S]*200[\s\S]*repeat[\s\S]*200/);
});

test("long feeds are cut into pages without a gap", async () => {
  for (let n = 1; n <= 60; n += 1) await deliver("a", `p${n}`, { text: `post number ${n}.` });
  const first = (await page("/feed/webhook/a")).text;
  const [, older = ""] = /href="([^"]+\?before=\d+)"/.exec(first) ?? [];
  const second = (await page(older)).text;
  const shown = [...`${first}${second}`.matchAll(/post number (\d+)\./g)].map(([, n]) => Number(n));
  expect(shown).toEqual(Array.from({ length: 60 }, (_, index) => 60 - index));
  expect(second).not.toContain("?before=");
});

test("an account without posts says so, and what does not exist is a 404", async () => {
  const nobody = await page("/feed/webhook/nobody");
  expect(nobody.status).toBe(200);
  expect(nobody.text).toContain("No posts here yet");
  expect((await page("/feed/webhook/nobody/1234")).status).toBe(404);
  expect((await page("/feed/nowhere/a")).status).toBe(404);
  expect((await page("/nothing")).status).toBe(404);
});
