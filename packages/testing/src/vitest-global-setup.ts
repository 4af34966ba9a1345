/** Before the first test file: one Postgres and one Redis for the run. After the last: no trace of them. */
import type { TestProject } from "vitest/node";
import { startTestServers, type TestServers } from "./test-servers.ts";

declare module "vitest" {
  interface ProvidedContext {
    testServers: TestServers;
  }
}

let stop: (() => Promise<void>) | undefined;

export async function setup(project: TestProject): Promise<void> {
  const started = await startTestServers();
  stop = started.stop;
  project.provide("testServers", started.servers);
}

export async function teardown(): Promise<void> {
  await stop?.();
}
