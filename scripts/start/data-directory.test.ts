import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createKeyring } from "@punctual/runtime";
import { expect, onTestFinished, test } from "vitest";
import { makeDataDirectory, openDataDirectory } from "./data-directory.ts";

function directory(): string {
  const parent = mkdtempSync(path.join(tmpdir(), "punctual-data-"));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  const made = path.join(parent, "data");
  makeDataDirectory(made);
  return made;
}

const mode = (file: string) => statSync(file).mode & 0o777;

test("secrets are made once, kept, and only their owner may read them", () => {
  const data = directory();
  const { secrets } = openDataDirectory(data);
  expect(openDataDirectory(data).secrets).toEqual(secrets);
  expect(mode(path.join(data, "secrets.json"))).toBe(0o600);
  expect(mode(path.join(data, "logs"))).toBe(0o700);
  // Nobody else may list the directory; Postgres' user may pass through where root runs it.
  expect(mode(data) & 0o066).toBe(0);
  const keyring = createKeyring(secrets.encryptionKeys);
  expect(keyring.open(keyring.seal("text", "row"), "row")).toBe("text");
  expect(secrets.operatorPassword.length).toBeGreaterThanOrEqual(12);
});

test("no two installations share a secret", () => {
  const [one, other] = [openDataDirectory(directory()).secrets, openDataDirectory(directory()).secrets];
  const all: string[] = [one, other].flatMap((secrets) => Object.values<string>({ ...secrets }));
  expect(new Set(all).size).toBe(8);
});

test("a database whose secrets are gone is not given new ones", () => {
  const data = directory();
  openDataDirectory(data);
  mkdirSync(path.join(data, "postgres"));
  rmSync(path.join(data, "secrets.json"));
  expect(() => openDataDirectory(data)).toThrow(/its secrets.json is gone.*put it back, or remove the directory/);
});

test("secrets that cannot be read are named, not replaced", () => {
  const data = directory();
  writeFileSync(path.join(data, "secrets.json"), "{");
  expect(() => openDataDirectory(data)).toThrow(/secrets.json cannot be read as JSON/);
});

test("the file for programs that join in is its owner's only", () => {
  const data = openDataDirectory(directory());
  data.writeDevFile({ apiKey: "secret" });
  const file = path.join(data.path, "dev.json");
  expect(mode(file)).toBe(0o600);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ apiKey: "secret" });
});
