/** A few posts due within a minute, scheduled like anybody's: over HTTP, with the key. */
import { StartError } from "@punctual/runtime";
import { demoWebhookAccountId, type DemoNetworkAccount } from "../demo-accounts.ts";

/** To every account at one instant. */
const everywhere = {
  afterSeconds: 8,
  text: "One text, one picture, every network, one instant. #punctual",
  alt: "A clock in front of green hills; it shows ten o'clock.",
} as const;

const toOneAccount = [
  { afterSeconds: 5, text: "Hello from Punctual: this post was due five seconds after the start." },
  { afterSeconds: 15, text: "Accepted means kept: this one was in Postgres before the API answered." },
  { afterSeconds: 30, text: "Redis holds an alarm clock for this post, and nothing else." },
  { afterSeconds: 50, text: "The last of the demo. Now schedule one of your own with the curl line above." },
] as const;

const requestTimeoutMs = 10_000;

interface Scheduling {
  apiUrl: string;
  apiKey: string;
  sandboxUrl: string;
  accounts: readonly DemoNetworkAccount[];
}

/** @returns how many were scheduled */
export async function scheduleDemoPosts({ apiUrl, apiKey, sandboxUrl, accounts }: Scheduling): Promise<number> {
  const startedAt = Date.now();
  const at = (afterSeconds: number) => new Date(startedAt + afterSeconds * 1_000).toISOString();
  const picture = { url: new URL("/_samples/picture.jpg", sandboxUrl).href, alt: everywhere.alt };
  const posts = [
    ...toOneAccount.map(({ afterSeconds, text }) => {
      return { socialAccountId: demoWebhookAccountId, text, scheduledAt: at(afterSeconds) };
    }),
    ...accounts.map(({ id }) => {
      const { afterSeconds, text } = everywhere;
      return { socialAccountId: id, text, media: [picture], scheduledAt: at(afterSeconds) };
    }),
  ];
  const response = await fetch(`${apiUrl}/v1/posts/bulk`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ posts: posts.map((post) => ({ ...post, groupId: "demo" })) }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  });
  if (response.status !== 201) {
    throw new StartError(`The API refused the demo posts with ${response.status}: ${await response.text()}`);
  }
  return posts.length;
}
