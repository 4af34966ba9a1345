import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findInstalledRedis, installCommand } from "./redis-program.ts";

/** A directory with a program that calls itself this version. */
function pathWith(name: string, version: string): string {
  const directory = mkdtempSync(path.join(tmpdir(), "punctual-path-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(path.join(directory, name), `#!/bin/sh\necho "${version}"\n`);
  chmodSync(path.join(directory, name), 0o755);
  return directory;
}

test("a Redis in PATH is taken", () => {
  const directory = pathWith("redis-server", "Redis server v=7.2.5 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64");
  expect(findInstalledRedis(directory)).toEqual({
    command: path.join(directory, "redis-server"),
    argv0: "redis-server",
  });
});

test("a Valkey in PATH is taken", () => {
  const directory = pathWith("valkey-server", "Valkey server v=8.1.0 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64");
  expect(findInstalledRedis(directory)?.argv0).toBe("valkey-server");
});

test("a Redis that is too old is passed over", () => {
  const old = pathWith("redis-server", "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64");
  const good = pathWith("redis-server", "Redis server v=6.2.0 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64");
  expect(findInstalledRedis(`${old}${path.delimiter}${good}`)?.command).toBe(path.join(good, "redis-server"));
});

test.each([
  ["darwin", "", "brew install redis"],
  ["linux", "ID=ubuntu\nID_LIKE=debian\n", "sudo apt-get install -y redis-tools"],
  ["linux", 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', "sudo dnf install -y valkey"],
  ["linux", "ID=alpine\n", "apk add valkey"],
])("on %s with os-release %j one line installs it", (platform, osRelease, command) => {
  expect(installCommand(platform, osRelease)).toBe(command);
});
