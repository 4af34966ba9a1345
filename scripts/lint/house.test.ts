/**
 * Every fence is tripped once, by the real linter with the real configuration: snippets that break a rule are put
 * where they would be wrong, in a copy of the tree's outline, so that the checkout never holds a broken file.
 */
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { snippets } from "./snippets.ts";

const root = path.resolve(import.meta.dirname, "../..");

interface Finding {
  filename: string;
  code: string;
  message: string;
}

describe("the linter's fences", () => {
  let outline: string;
  let findings: Finding[];

  beforeAll(() => {
    outline = makeOutline();
    for (const { file, code } of Object.values(snippets)) {
      mkdirSync(path.dirname(path.join(outline, file)), { recursive: true });
      writeFileSync(path.join(outline, file), `${code}\n`);
    }
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [path.join(root, "node_modules/oxlint/bin/oxlint"), "--type-aware", "-f", "json", "apps", "packages"],
      { cwd: outline, encoding: "utf8", env: withPinnedNode() },
    );
    expect(stdout, stderr).toContain("diagnostics");
    findings = (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics;
  }, 60_000);

  afterAll(() => rmSync(outline, { recursive: true, force: true }));

  test.each(Object.entries(snippets))("%s", (_, { file, refused }) => {
    const found = findings.filter(({ filename }) => filename === file);
    const seen = found.map(({ code, message }) => `${code}: ${message}`).join("\n");
    if (refused === null) {
      expect(seen).toBe("");
      return;
    }
    const [rule, reason] = refused;
    expect(found, seen).toContainEqual(
      expect.objectContaining({ code: rule, message: expect.stringContaining(reason) as string }),
    );
  });
});

describe("the compiler's fences", () => {
  test.each([
    ["an enum", `export enum Status {\n  open,\n}`, "TS1294"],
    [
      "a parameter property",
      `export class AnError extends Error {\n  constructor(readonly one: number) {\n    super();\n  }\n}`,
      "TS1294",
    ],
    ["an unchecked index", `export const first = (list: string[]): string => list[0];`, "TS2322"],
    ["a type imported as a value", `import { JobsOptions } from "bullmq";\nexport type One = JobsOptions;`, "TS1484"],
  ])("%s is refused", (_, code, expected) => {
    const outline = makeOutline();
    try {
      mkdirSync(path.join(outline, "packages/queue/src"), { recursive: true });
      writeFileSync(path.join(outline, "packages/queue/src/a.ts"), code);
      const tsc = path.join(root, "node_modules/typescript/bin/tsc");
      const { stdout } = spawnSync(process.execPath, [tsc, "--noEmit"], { cwd: outline, encoding: "utf8" });
      expect(stdout).toContain(expected);
    } finally {
      rmSync(outline, { recursive: true, force: true });
    }
  });
});

/** Configuration, manifests and packages of the checkout, without its code. */
function makeOutline(): string {
  const outline = realpathSync(mkdtempSync(path.join(tmpdir(), "punctual-fences-")));
  for (const file of [".oxlintrc.json", "tsconfig.json", "package.json", "scripts/lint"]) {
    cpSync(path.join(root, file), path.join(outline, file), { recursive: true });
  }
  for (const file of globSync("{apps,packages}/*/package.json", { cwd: root })) {
    cpSync(path.join(root, file), path.join(outline, file));
  }
  symlinkSync(path.join(root, "node_modules"), path.join(outline, "node_modules"), "junction");
  return outline;
}

/** The linter starts `node` from PATH to load the house rules, which are TypeScript. */
function withPinnedNode(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}` };
}
