/**
 * What anybody writes to deliver a post: one signed POST after the Standard Webhooks specification, over kept
 * connections. The fastest client there is for Node, and nothing else: no deadline kept by a second clock, no address
 * guard, no cap on the answer.
 */
import { createHmac } from "node:crypto";
import { Agent, request } from "undici";
import type { SamplePost } from "../sample-post.ts";

const timeoutMs = 15_000;

/** @param secret `whsec_` and base64 */
export function createDelivery(url: string, secret: string): (id: string, post: SamplePost) => Promise<void> {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const dispatcher = new Agent({ connections: 256, pipelining: 1, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  return async (id, { socialAccountId, text, scheduledAt, metadata }) => {
    const body = JSON.stringify({
      type: "post.publish",
      postId: id,
      socialAccountId,
      text,
      media: [],
      link: null,
      scheduledAt,
      metadata,
    });
    const timestamp = Math.floor(Date.now() / 1_000);
    const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
    const answer = await request(url, {
      dispatcher,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": `v1,${signature}`,
      },
      body,
    });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`answered ${answer.statusCode}`);
  };
}
