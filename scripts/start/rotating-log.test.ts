import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openRotatingLog } from "./rotating-log.ts";

test("a log keeps its newest megabytes and never more than two files", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "punctual-log-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, "api.log");
  const log = openRotatingLog(file);
  for (let index = 0; index < 24; index += 1) log.write(Buffer.from(`${index} ${"x".repeat(1024 * 1024)}\n`));
  expect(readdirSync(directory).toSorted()).toEqual(["api.log", "api.log.1"]);
  const bytes = [file, `${file}.1`].map((one) => statSync(one).size);
  expect(Math.max(...bytes)).toBeLessThan(7 * 1024 * 1024);
  expect(readFileSync(file, "utf8")).toMatch(/^23 x+$/m);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
