/**
 * Punctual from a client's side, start to end: connects a server of your own as a social account, schedules a post for
 * it a few seconds ahead, and checks the signature of what arrives at that instant.
 *
 * With `npm start` running in another terminal:
 *
 *     node_modules/.bin/node docs/examples/own-receiver.ts
 */
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

/** Written by `npm start`: where the installation is, and a key to it. */
const installation = JSON.parse(readFileSync(`${process.env["DATA_DIR"] ?? ".data"}/dev.json`, "utf8")) as {
  apiUrl: string;
  apiKey: string;
};
const secondsAhead = 5;

// 1. A server of your own. The secret is known to you and to Punctual, and signs every delivery.
const secret = `whsec_${randomBytes(32).toString("base64")}`;
const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;

// 2. Connect it as a social account of the platform `webhook`.
const account = await post("/v1/social-accounts", {
  platform: "webhook",
  name: "My own server",
  settings: { url: `http://127.0.0.1:${port}/posts` },
  credentials: { secret },
});

// 3. Schedule a post. Repeating the request with the same Idempotency-Key gives the same answer and no second post.
const content = {
  socialAccountId: account["id"],
  text: "Hello from my own application",
  scheduledAt: new Date(Date.now() + secondsAhead * 1_000).toISOString(),
};
const scheduled = await post("/v1/posts", content, { "idempotency-key": randomUUID() });
console.log(`Scheduled ${String(scheduled["id"])} for ${content.scheduledAt}.`);

// 4. Receive it. `verify` throws if the signature does not fit or the delivery is an old one.
const [request, response] = (await once(server, "request")) as [IncomingMessage, ServerResponse];
const arrivedAt = new Date().toISOString();
const delivery = new Webhook(secret).verify(await text(request), request.headers as Record<string, string>);
response.writeHead(200, { "content-type": "application/json" });
response.end(JSON.stringify({ id: "42", url: "https://example.com/posts/42" }));
console.log(`Arrived at ${arrivedAt}, the signature is good:`, delivery);
server.close();

async function post(
  path: string,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const answer = await fetch(new URL(path, installation.apiUrl), {
    method: "POST",
    headers: { authorization: `Bearer ${installation.apiKey}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const result = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(result)}`);
  return result;
}
