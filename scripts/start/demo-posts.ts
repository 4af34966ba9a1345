/** A few posts due within a minute, scheduled like anybody's: over HTTP, with the key. */
import { demoIds } from "@punctual/db";
import { StartError } from "@punctual/runtime";

const demoPosts = [
  { afterSeconds: 5, text: "Hello from Punctual: this post was due five seconds after the start." },
  { afterSeconds: 15, text: "Accepted means kept: this one was in Postgres before the API answered." },
  { afterSeconds: 30, text: "Redis holds an alarm clock for this post, and nothing else." },
  { afterSeconds: 50, text: "The last of the demo. Now schedule one of your own with the curl line above." },
] as const;

const requestTimeoutMs = 10_000;

/** @returns how many were scheduled */
export async function scheduleDemoPosts({ apiUrl, apiKey }: { apiUrl: string; apiKey: string }): Promise<number> {
  const startedAt = Date.now();
  for (const { afterSeconds, text } of demoPosts) {
    const response = await fetch(`${apiUrl}/v1/posts`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({
        socialAccountId: demoIds.socialAccounts.webhook,
        text,
        scheduledAt: new Date(startedAt + afterSeconds * 1_000).toISOString(),
        groupId: "demo",
      }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    if (response.status !== 201) {
      throw new StartError(`The API refused a demo post with ${response.status}: ${await response.text()}`);
    }
  }
  return demoPosts.length;
}
