/**
 * One text with a picture to every platform at one instant: prepared ahead, published together, and where readers see
 * it. The accounts are those `npm start` made, on stand-ins that speak the networks' own protocols.
 *
 * With `npm start` running in another terminal:
 *
 *     node_modules/.bin/node docs/examples/all-platforms.ts
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Written by `npm start`. */
const installation = JSON.parse(readFileSync(`${process.env["DATA_DIR"] ?? ".data"}/dev.json`, "utf8")) as {
  apiUrl: string;
  sandboxUrl: string;
  apiKey: string;
  socialAccounts: Record<string, string>;
};
const endedWithinMs = 90_000;

interface Post {
  id: string;
  platform: string;
  status: string;
  latenessMs: number | null;
  externalId: string | null;
  failure: { code: string; message: string } | null;
}

// 1. One request, all or none: the same text and picture for each account, under one group and one key.
const groupId = `everywhere-${randomUUID()}`;
const text = "One text, one picture, every network, one instant.";
const media = [{ url: `${installation.sandboxUrl}/_samples/picture.jpg`, alt: "A clock in front of green hills" }];
const scheduledAt = new Date(Date.now() + 10_000).toISOString();
const posts = Object.values(installation.socialAccounts).map((socialAccountId) => {
  return { socialAccountId, text, media, scheduledAt, groupId };
});
await call("POST", "/v1/posts/bulk", { posts }, { "idempotency-key": groupId });
console.log(`Scheduled for ${posts.length} accounts at ${scheduledAt}; pictures are uploaded until then.`);

// 2. At the instant nothing is left to do but send. Every post ends, whatever happens.
const deadline = Date.now() + endedWithinMs;
let ended: Post[] = [];
while (ended.length < posts.length) {
  if (Date.now() > deadline) throw new Error(`only ${ended.length} of ${posts.length} posts have ended`);
  await delay(250);
  const { data } = await call<{ data: Post[] }>("GET", `/v1/posts?groupId=${groupId}`);
  ended = data.filter(({ status }) => status === "published" || status === "failed");
}
for (const { platform, status, latenessMs, externalId, failure } of ended) {
  const what = status === "published" ? `${latenessMs} ms after the instant, as ${externalId}` : failure?.message;
  console.log(`${platform.padEnd(10)} ${status} ${what}`);
}
if (ended.some(({ status }) => status !== "published")) throw new Error("not published everywhere");
console.log(`What readers see: ${installation.sandboxUrl}/`);

async function call<Answer>(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(new URL(path, installation.apiUrl), {
    method,
    headers: {
      authorization: `Bearer ${installation.apiKey}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const result = (await answer.json()) as Answer;
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(result)}`);
  return result;
}
