import { expect, test } from "vitest";
import { launchApp } from "./launch-app.ts";

test("an app is a process of its own that listens, logs, and ends when told to", async () => {
  const app = await launchApp("sandbox", {});
  expect((await fetch(app.url)).status).toBe(200);
  expect(app.pid).not.toBe(process.pid);
  expect(app.logs().map(({ msg }) => msg)).toContain("listening");
  app.kill("SIGTERM");
  expect(await app.exited).toEqual({ code: 0, signal: null });
});

test("an app that cannot start is an error with what it said", async () => {
  await expect(launchApp("worker", {})).rejects.toThrow(
    /worker ended before it listened:\n[^]*DATABASE_URL is missing/,
  );
});
