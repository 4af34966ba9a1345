/** One installation of real processes, with the demo's account on each platform and the sandbox as every network. */
import { demoApiKey, seedDemo } from "@punctual/db";
import { createTestEnvironment, launchApp } from "@punctual/testing";
import { demoAccounts } from "./demo-accounts.ts";

export interface LedgerEntry {
  outcome: "accepted" | "repeat" | "refused";
  receivedAt: string;
  externalId: string | null;
  content: { text: string; media: { alt: string | null }[] };
}

export type AllPlatforms = Awaited<ReturnType<typeof openAllPlatforms>>;

export async function openAllPlatforms() {
  const [env, sandbox] = await Promise.all([createTestEnvironment(), launchApp("sandbox", {})]);
  await seedDemo(env.database, env.keyring, demoAccounts());
  const { key } = await demoApiKey(env.database, undefined);
  const settings = {
    ...env.settings,
    SANDBOX_URL: sandbox.url,
    ALLOW_PRIVATE_NETWORKS: "true",
  };
  const [api, worker] = await Promise.all([launchApp("api", settings), launchApp("worker", settings)]);

  async function control(path: string, method: string, body: unknown): Promise<void> {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(new URL(`/_control/${path}`, sandbox.url), {
      method,
      headers,
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  }

  return {
    env,
    sandboxUrl: sandbox.url,
    control,
    async clock(): Promise<Date> {
      const [row] = await env.sql<{ now: Date }>("SELECT app_now() AS now");
      if (row === undefined) throw new Error("Postgres told no time");
      return row.now;
    },
    /** Our time, and the network's. */
    async advance(ms: number): Promise<void> {
      await Promise.all([env.advanceClock(ms), control("clock", "POST", { advanceMs: ms })]);
    },
    async ledger(platform: string, account: string): Promise<LedgerEntry[]> {
      const query = new URLSearchParams({ platform, account });
      const answer = await fetch(new URL(`/_ledger?${query.toString()}`, sandbox.url));
      return ((await answer.json()) as { data: LedgerEntry[] }).data;
    },
    async call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
      const answer = await fetch(new URL(path, api.url), {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as Answer;
    },
    async close(): Promise<void> {
      for (const app of [api, worker, sandbox]) app.kill("SIGTERM");
      await Promise.all([api, worker, sandbox].map(({ exited }) => exited));
      await env.close();
    },
  };
}
