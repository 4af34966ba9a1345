/**
 * Code that the linter must refuse, and a little that it must not, each standing where it would be right or wrong.
 * The reasons are parts of the messages a developer reads.
 */

export interface Snippet {
  /** Where the code stands. */
  file: string;
  code: string;
  /** The rule that refuses it and a part of the reason it gives; null: it is fine there. */
  refused: [rule: string, reason: string] | null;
}

const fine = null;
const boundary = (reason: string): [string, string] => ["house(import-boundaries)", reason];

export const snippets: Readonly<Record<string, Snippet>> = {
  "core may not import another package of ours": {
    file: "packages/core/src/a.ts",
    code: `import { createLogger } from "@punctual/runtime";\ncreateLogger("a", "info");`,
    refused: boundary("core is pure"),
  },
  "core may not reach the disk": {
    file: "packages/core/src/b.ts",
    code: `import { readFileSync } from "node:fs";\nreadFileSync("a");`,
    refused: boundary("the shell acts"),
  },
  "core may not read the clock": {
    file: "packages/core/src/c.ts",
    code: `export const now = () => Date.now();`,
    refused: ["house(pure-core)", "Date.now"],
  },
  "core may not make the current date": {
    file: "packages/core/src/d.ts",
    code: `export const now = () => new Date();`,
    refused: ["house(pure-core)", "new Date()"],
  },
  "core may make a date of a given instant": {
    file: "packages/core/src/e.ts",
    code: `export const at = (instantMs: number) => new Date(instantMs);`,
    refused: fine,
  },
  "core may not roll dice": {
    file: "packages/core/src/f.ts",
    code: `export const jitter = () => Math.random();`,
    refused: ["house(pure-core)", "Math.random"],
  },
  "runtime may not import the domain": {
    file: "packages/runtime/src/a.ts",
    code: `export type { PostStatus } from "@punctual/core";`,
    refused: boundary("runtime knows no domain"),
  },
  "db may not know the queue": {
    file: "packages/db/src/a.ts",
    code: `export * from "@punctual/queue";`,
    refused: boundary("never each other"),
  },
  "a type import counts": {
    file: "packages/platforms/src/a.ts",
    code: `export type Db = import("@punctual/db").Database;`,
    refused: boundary("never each other"),
  },
  "a dynamic import counts": {
    file: "packages/queue/src/a.ts",
    code: `export const load = () => import("@punctual/platforms");`,
    refused: boundary("never each other"),
  },
  "a relative path may not leave its package": {
    file: "packages/queue/src/b.ts",
    code: `export { queueName } from "../../core/src/job.ts";`,
    refused: boundary("import the other package by its name"),
  },
  "an app may not import an app": {
    file: "apps/api/src/a.ts",
    code: `export * from "@punctual/worker";`,
    refused: boundary("never apps"),
  },
  "an app may not import the testing kit": {
    file: "apps/api/src/b.ts",
    code: `export * from "@punctual/testing";`,
    refused: boundary("only tests and scripts"),
  },
  "a test may import the testing kit": {
    file: "apps/api/src/c.test.ts",
    code: `export * from "@punctual/testing";`,
    refused: fine,
  },
  "Prisma stays in packages/db": {
    file: "apps/worker/src/a.ts",
    code: `export type { PrismaPg } from "@prisma/adapter-pg";`,
    refused: boundary("one place knows the tables"),
  },
  "pg stays in packages/db, for tests too": {
    file: "apps/worker/src/b.test.ts",
    code: `export type { Client } from "pg";`,
    refused: boundary("one place knows the tables"),
  },
  "BullMQ stays in packages/queue": {
    file: "apps/worker/src/c.ts",
    code: `export { Queue } from "bullmq";`,
    refused: boundary("Redis is an alarm clock"),
  },
  "a part of BullMQ, too": {
    file: "apps/worker/src/c-part.ts",
    code: `export { Queue } from "bullmq/dist/cjs/classes/queue.js";`,
    refused: boundary("Redis is an alarm clock"),
  },
  "ioredis stays in packages/queue": {
    file: "apps/api/src/d.ts",
    code: `export { Redis } from "ioredis";`,
    refused: boundary("Redis is an alarm clock"),
  },
  "Fastify stays in apps": {
    file: "packages/runtime/src/b.ts",
    code: `export { fastify } from "fastify";`,
    refused: boundary("HTTP servers are the apps' business"),
  },
  "a dependency that is not declared is refused": {
    file: "apps/sandbox/src/a.ts",
    code: `export { v7 } from "uuid";`,
    refused: boundary("a production install would lack it"),
  },
  "an import path without its ending is refused": {
    file: "packages/db/src/b.ts",
    code: `export * from "./posts.js";`,
    refused: boundary("must name the file with its ending"),
  },
  "a test may not be imported": {
    file: "packages/db/src/c.ts",
    code: `export * from "./posts.test.ts";`,
    refused: boundary("A test is not imported"),
  },
  "a fixture may be imported by a test": {
    file: "packages/db/src/l.test.ts",
    code: `export * from "./posts.fixture.ts";`,
    refused: fine,
  },
  "a fixture may not be imported by what ships": {
    file: "packages/db/src/m.ts",
    code: `export * from "./posts.fixture.ts";`,
    refused: boundary("A test is not imported"),
  },
  "a fixture may import the testing kit": {
    file: "apps/api/src/g.fixture.ts",
    code: `export * from "@punctual/testing";`,
    refused: fine,
  },
  "the dashboard may import markup and styles": {
    file: "apps/dashboard/src/a.tsx",
    code: `import "./style.css";\nexport * from "./posts.tsx";`,
    refused: fine,
  },
  "the dashboard bundles what it imports": {
    file: "apps/dashboard/src/b.tsx",
    code: `export { render } from "preact";`,
    refused: fine,
  },
  "nobody else may import markup": {
    file: "apps/api/src/h.ts",
    code: `export * from "./page.tsx";`,
    refused: boundary("must name the file with its ending"),
  },
  "the dashboard knows no package of ours": {
    file: "apps/dashboard/src/c.tsx",
    code: `export { postStatuses } from "@punctual/core";`,
    refused: boundary("talks to the API over HTTP only"),
  },
  "the environment is read in one place": {
    file: "apps/api/src/e.ts",
    code: `export const port = process.env.PORT;`,
    refused: ["node(no-process-env)", ""],
  },
  "the environment cannot be had by importing process": {
    file: "apps/api/src/f.ts",
    code: `export { env } from "node:process";`,
    refused: boundary("process is a global"),
  },
  "the configuration may read the environment": {
    file: "packages/runtime/src/config.ts",
    code: `export const port = process.env.PORT;`,
    refused: fine,
  },
  "a platform's name is refused outside its folder": {
    file: "apps/worker/src/d.ts",
    code: `export const slow = (platform: string) => platform === "mastodon";`,
    refused: ["house(platform-names)", "outside its folder"],
  },
  "the webhook platform's name is refused too": {
    file: "apps/worker/src/e.ts",
    code: `export const signed = (platform: string) => platform === "webhook";`,
    refused: ["house(platform-names)", "outside its folder"],
  },
  "a platform's name is fine in a schema's sample, and refused behind it": {
    file: "apps/worker/src/samples.ts",
    code: `export const schema = { examples: [{ platform: "mastodon" }], platform: "bluesky" };`,
    refused: ["house(platform-names)", '"bluesky" names'],
  },
  "a platform's name in a sample alone is fine": {
    file: "apps/worker/src/more-samples.ts",
    code: `export const schema = { examples: [{ platform: "mastodon" }, { platform: "webhook" }] };`,
    refused: fine,
  },
  "a platform's name is fine in its folder": {
    file: "packages/platforms/src/mastodon/a.ts",
    code: `export const name = "mastodon";`,
    refused: fine,
  },
  "a default export is refused": {
    file: "packages/db/src/d.ts",
    code: `export default 1;`,
    refused: ["import(no-default-export)", ""],
  },
  "a namespace is refused": {
    file: "packages/db/src/e.ts",
    code: `export declare namespace Posts {\n  const one: number;\n}`,
    refused: ["typescript(no-namespace)", ""],
  },
  "any is refused": {
    file: "packages/db/src/f.ts",
    code: `export const read = (value: any) => typeof value;`,
    refused: ["typescript(no-explicit-any)", ""],
  },
  "a class that is not an error is refused": {
    file: "packages/db/src/g.ts",
    code: `export class Store {\n  readonly one = 1;\n}`,
    refused: ["house(only-error-classes)", "write a factory"],
  },
  "an error may be a class": {
    file: "packages/db/src/h.ts",
    code: `export class StoreError extends Error {\n  override name = "StoreError";\n}`,
    refused: fine,
  },
  "a file named utils is refused": {
    file: "packages/db/src/utils.ts",
    code: `export const one = 1;`,
    refused: ["house(file-nouns)", "says nothing"],
  },
  "a file name that is not kebab-case is refused": {
    file: "packages/db/src/postStore.ts",
    code: `export const one = 1;`,
    refused: ["unicorn(filename-case)", ""],
  },
  "a test that sleeps is refused": {
    file: "packages/db/src/i.test.ts",
    code: `export const pause = () => new Promise((resolve) => setTimeout(resolve, 100));`,
    refused: ["house(no-sleep)", "never sleep"],
  },
  "a test that checks nothing is refused": {
    file: "packages/db/src/j.test.ts",
    code: `import { test } from "vitest";\ntest("it works", () => {\n  [1].at(0);\n});`,
    refused: ["vitest(expect-expect)", ""],
  },
  "a focused test is refused": {
    file: "packages/db/src/k.test.ts",
    code: `import { expect, test } from "vitest";\ntest.only("it works", () => {\n  expect(1).toBe(1);\n});`,
    refused: ["vitest(no-focused-tests)", ""],
  },
  "a forgotten await of queue.add is refused": {
    file: "packages/queue/src/c.ts",
    code: `import type { Queue } from "bullmq";\nexport function nudge(queue: Queue): void {\n  queue.add("publish", {});\n}`,
    refused: ["typescript(no-floating-promises)", ""],
  },
  "an awaited queue.add is fine": {
    file: "packages/queue/src/d.ts",
    code: `import type { Queue } from "bullmq";\nexport async function nudge(queue: Queue): Promise<void> {\n  await queue.add("publish", {});\n}`,
    refused: fine,
  },
  "an async callback where none is awaited is refused": {
    file: "packages/queue/src/e.ts",
    code: `export function each(ids: string[], add: (id: string) => Promise<void>): void {\n  ids.forEach(async (id) => {\n    await add(id);\n  });\n}`,
    refused: ["typescript(no-misused-promises)", ""],
  },
};
