/**
 * An agency's day on version 1 of the API, start to end: a company with two clients and five social accounts, fifty
 * posts in one request, edits, a cancelled campaign, and every event received on a server of the agency's own, its
 * signature checked, until each post has ended.
 *
 * With `npm start` running in another terminal:
 *
 *     node_modules/.bin/node docs/examples/agency.ts
 */
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { Webhook } from "standardwebhooks";

/** Written by `npm start`. The operator's password is needed once, to make the company. */
const installation = JSON.parse(readFileSync(`${process.env["DATA_DIR"] ?? ".data"}/dev.json`, "utf8")) as {
  apiUrl: string;
  operator: { user: string; password: string };
};
const { user, password } = installation.operator;
const operator = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
const endedWithinMs = 90_000;

type Json = Record<string, unknown>;
interface Post {
  id: string;
  status: string;
  text: string;
  revision: number;
  scheduledAt: string;
}

// 1. The operator makes the company and a key; from here on the key is all that is needed.
const company = await call<{ id: string }>("POST", "/v1/operator/companies", { name: "Agency example" }, operator);
const issued = await call<{ key: string }>(
  "POST",
  `/v1/operator/companies/${company.id}/api-keys`,
  { name: "Planner", scope: "admin" },
  operator,
);
const key: string = `Bearer ${issued.key}`;

// 2. A server of the agency's own that events come to. Whatever does not verify is refused and comes again.
const events = new Map<string, { type: string; postId: string | undefined }>();
let secret = "";
const server = createServer((request, response) => void receive(request, response));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
const endpoint = await call<{ secret: string }>("POST", "/v1/webhook-endpoints", {
  url: `http://127.0.0.1:${port}/events`,
});
secret = endpoint.secret;

// 3. Two clients, five accounts. These publish to the sandbox, where nothing is public.
const bakery = await call<{ id: string }>("POST", "/v1/clients", { name: "Bakery" });
const museum = await call<{ id: string }>("POST", "/v1/clients", { name: "Museum" });
const accounts: string[] = [];
for (const [clientId, name] of [
  [bakery.id, "Bakery, shop"],
  [bakery.id, "Bakery, café"],
  [museum.id, "Museum, news"],
  [museum.id, "Museum, exhibitions"],
  [museum.id, "Museum, jobs"],
] as const) {
  const account = await call<{ id: string }>("POST", "/v1/social-accounts", {
    platform: "webhook",
    name,
    clientId,
    settings: {},
    credentials: { secret: `whsec_${randomBytes(32).toString("base64")}` },
    sandbox: true,
  });
  accounts.push(account.id);
}

// 4. Fifty posts in one request, all or none. First ask whether one of them could be accepted at all.
const campaign = `Spring ${randomUUID()}`;
const soon = Date.now() + 8_000;
// A local time that does not exist: on the last Sunday in March clocks in Berlin skip it. The post goes out an hour later.
const march = new Date(Date.UTC(new Date().getUTCFullYear() + 2, 2, 31));
march.setUTCDate(31 - march.getUTCDay());
const skipped = `${march.toISOString().slice(0, 10)}T02:30`;
const drafts = Array.from({ length: 50 }, (_, index) => ({
  socialAccountId: accounts[index % accounts.length],
  text: `Post ${index + 1} of the plan`,
  // The last ten belong to a campaign that will be called off.
  ...(index < 40
    ? { scheduledAt: new Date(soon + index * 100).toISOString() }
    : { localTime: skipped, timeZone: "Europe/Berlin", groupId: campaign }),
}));
const { valid } = await call<{ valid: boolean }>("POST", "/v1/posts/validate", drafts[0]);
check(valid, "the first draft can be scheduled");
const idempotencyKey = randomUUID();
const { data: posts } = await call<{ data: Post[] }>("POST", "/v1/posts/bulk", { posts: drafts }, key, {
  "idempotency-key": idempotencyKey,
});
// The answer got lost? The same request with the same key gives the same answer, and no second fifty.
const again = await call<{ data: Post[] }>("POST", "/v1/posts/bulk", { posts: drafts }, key, {
  "idempotency-key": idempotencyKey,
});
check(
  JSON.stringify(again.data.map(({ id }) => id)) === JSON.stringify(posts.map(({ id }) => id)),
  "a repeated bulk is the first one",
);
console.log(`Scheduled ${posts.length} posts for ${accounts.length} accounts.`);

// 5. Second thoughts: five texts change, but only if nobody else changed them first; the campaign is called off.
for (const { id, revision } of posts.slice(0, 5)) {
  const edited = await call<Post>("PATCH", `/v1/posts/${id}`, { text: "A better text" }, key, {
    "if-match": `"${revision}"`,
  });
  check(edited.revision === revision + 1, "an edit is a new revision");
}
const cancelled = await call<{ data: unknown[] }>("DELETE", `/v1/posts?groupId=${encodeURIComponent(campaign)}`);
check(cancelled.data.length === 10, "each post of the campaign is answered for");

// 6. Wait until all is over, and compare three accounts of it: the posts, the events, and the log of events.
const deadline = Date.now() + endedWithinMs;
const expected = { published: 40, cancelled: 10 };
while (JSON.stringify(await counts()) !== JSON.stringify(expected)) {
  if (Date.now() > deadline) throw new Error(`not all posts have ended: ${JSON.stringify(await counts())}`);
  await delay(500);
}
const told = (type: string) =>
  new Set([...events.values()].filter((event) => event.type === type).map(({ postId }) => postId)).size;
while (told("post.published") < 40 || told("post.cancelled") < 10) {
  if (Date.now() > deadline) throw new Error(`not all events arrived: ${events.size} did`);
  await delay(200);
}
let published = 0;
for (let cursor: string | null = ""; cursor !== null;) {
  const page: { data: { type: string }[]; nextCursor: string | null } = await call(
    "GET",
    `/v1/events?limit=200&type=post.published${cursor === "" ? "" : `&cursor=${cursor}`}`,
  );
  published += page.data.length;
  cursor = page.nextCursor;
}
check(published === 40, "the log of events tells each publication once");
console.log(`All have ended: ${JSON.stringify(expected)}; ${events.size} events received, every signature good.`);
server.close();

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const event = new Webhook(secret).verify(await text(request), request.headers as Record<string, string>) as {
      type: string;
      data: { postId?: string };
    };
    // The same event may come twice, so it is kept under its id.
    events.set(String(request.headers["webhook-id"]), { type: event.type, postId: event.data.postId });
    response.writeHead(204).end();
  } catch {
    response.writeHead(401).end();
  }
}

async function counts(): Promise<Record<string, number>> {
  const { data } = await call<{ data: Post[] }>("GET", "/v1/posts?limit=200");
  const count = (status: string) => data.filter((post) => post.status === status).length;
  return { published: count("published"), cancelled: count("cancelled") };
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
}

async function call<Answer = Json>(
  method: string,
  path: string,
  body?: unknown,
  authorization = key,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(new URL(path, installation.apiUrl), {
    method,
    headers: {
      authorization,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const result = (await answer.json()) as Answer;
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(result)}`);
  return result;
}
