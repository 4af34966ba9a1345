/**
 * The Dockerfile and docker-compose.yml, held against the program they run. No engine is needed: what goes wrong in
 * such files is a folder that was added, a setting that was renamed, a command that moved.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { platformSettings } from "@punctual/platforms";
import { configFields, platformFields } from "@punctual/runtime";
import { describe, expect, test } from "vitest";
import { apiLimits } from "../apps/api/src/config.ts";
import { workerLimits } from "../apps/worker/src/config.ts";

const root = path.dirname(import.meta.dirname);
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

const dockerfile = read("Dockerfile");
const stages = sections(dockerfile, /^FROM (\S+) AS (\S+)$/gm, 2);
const images = ["api", "migrate", "sandbox", "worker"];

const compose = read("docker-compose.yml");
const services = sections(
  compose.slice(compose.indexOf("\nservices:\n"), compose.indexOf("\nvolumes:\n")),
  /^ {2}([a-z]+):$/gm,
  1,
);

describe("the Dockerfile", () => {
  test("installs from every package's manifest", () => {
    const copied = [...(stages["manifests"] ?? "").matchAll(/^COPY (\S+)\/package\.json \1\/$/gm)].map(
      ([, folder]) => folder,
    );
    const folders = globSync("{apps,packages}/*/package.json", { cwd: root }).map((file) => path.posix.dirname(file));
    expect(new Set(copied)).toEqual(new Set(folders));
  });

  test("runs the Node that tests run on", () => {
    const { devDependencies } = JSON.parse(read("package.json")) as { devDependencies: { node: string } };
    const [major] = devDependencies.node.split(".");
    const nodes = [...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map(([, version]) => version);
    expect(nodes.length).toBeGreaterThan(0);
    expect(new Set(nodes)).toEqual(new Set([major]));
  });

  test("drops root before anything runs", () => {
    expect(stages["base"]).toContain("\nUSER node\n");
    for (const image of images) expect(stages[image], image).not.toMatch(/^USER /m);
  });

  test("installs no development package into an image", () => {
    expect(stages["production"]).toContain("npm ci --omit=dev --omit=optional --ignore-scripts");
    for (const image of [...images, "base"]) expect(stages[image], image).not.toContain("RUN ");
  });

  test("does to an image's packages what every install does, with what the stage holds", () => {
    const stage = mkdtempSync(path.join(tmpdir(), "punctual-image-"));
    try {
      const modules = ["@prisma/client/runtime", "@prisma/debug/dist"].map((name) => `node_modules/${name}`);
      const lines = `${stages["manifests"]}\n${stages["production"]}`.matchAll(/^COPY (?!--from)(.+) (\S+)$/gm);
      const copies = [...lines].flatMap(([, sources = "", to = ""]) => sources.split(" ").map((from) => [from, to]));
      for (const [from = "", to = ""] of [...copies, ...modules.map((folder) => [folder, path.dirname(folder)])]) {
        cpSync(path.join(root, from), path.join(stage, to, path.basename(from)), { recursive: true });
      }
      expect(stages["production"]).toContain("\nRUN node scripts/postinstall.mjs\n");
      execFileSync(process.execPath, ["scripts/postinstall.mjs"], { cwd: stage, stdio: "pipe" });
    } finally {
      rmSync(stage, { recursive: true });
    }
  });

  test.each(images)("the %s image runs a program it holds", (image) => {
    const stage = stages[image] ?? "";
    const [, program = ""] = /^CMD \["node", "(\S+)"\]$/m.exec(stage) ?? [];
    expect(existsSync(path.join(root, program)), program).toBe(true);
    const copied = [...stage.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, sources = ""]) => sources.split(" "));
    const lacking = partsOf(program).filter(
      (part) => !copied.some((source) => part === source || part.startsWith(`${source}/`)),
    );
    expect(lacking, `held are ${copied.join(", ")}`).toEqual([]);
  });

  test.each([
    ["api", "PORT"],
    ["worker", "WORKER_PORT"],
    ["sandbox", "SANDBOX_PORT"],
  ] as const)("the %s image exposes and checks the port of %s", (image, setting) => {
    const { default: port } = configFields[setting] as unknown as { default: number };
    expect(stages[image]).toContain(`\nEXPOSE ${port}\n`);
    expect(stages[image]).toContain(`127.0.0.1:\${process.env.${setting} || ${port}}/livez`);
  });

  test("does not send tests, local data or secrets to the engine", () => {
    const ignored = read(".dockerignore").split("\n");
    expect(ignored).toContain("*");
    expect(ignored).toEqual(expect.arrayContaining(["**/*.test.ts", "**/.env*", "**/node_modules"]));
    const sent = ignored.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    for (const [, source] of dockerfile.matchAll(/^COPY (?!--from)(\S+)/gm)) {
      expect(sent, `${source} is sent`).toContain(source?.split("/", 1)[0]);
    }
  });
});

describe("docker-compose.yml", () => {
  test("has the whole installation", () => {
    expect(Object.keys(services).toSorted()).toEqual(["api", "migrate", "postgres", "redis", "sandbox", "worker"]);
  });

  test("builds each of our services from the image of its name", () => {
    for (const image of images) expect(services[image], image).toContain(`build: { context: ., target: ${image} }`);
  });

  test("sets only settings that exist", () => {
    const settings = [...Object.keys(configFields), ...Object.keys(platformFields(platformSettings))];
    const known = [...settings, "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"];
    const set = [...compose.matchAll(/^ +([A-Z][A-Z_]+): /gm)].map(([, name]) => name);
    const asked = [...compose.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name);
    expect([...set, ...asked].filter((name) => !known.includes(name ?? ""))).toEqual([]);
  });

  test("asks for every secret by name, and has none", () => {
    for (const secret of ["POSTGRES_PASSWORD", "ENCRYPTION_KEYS", "OPERATOR_PASSWORD"]) {
      expect(compose, secret).toMatch(new RegExp(`\\$\\{${secret}:\\?set ${secret} in \\.env`));
      expect(read(".env.example"), secret).toContain(`\n${secret}=\n`);
    }
  });

  test("gives each process the settings it cannot start without", () => {
    const common = compose.slice(compose.indexOf("x-environment:"), compose.indexOf("\nservices:"));
    for (const name of ["DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEYS", "SANDBOX_URL"])
      expect(common).toContain(`  ${name}: `);
    for (const name of ["api", "worker"]) expect(services[name], name).toContain("<<: *environment");
    expect(services["migrate"]).toContain("environment: *environment");
  });

  test("runs Redis as the program wants it", () => {
    expect(services["redis"]).toContain(
      `command: ["redis-server", "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--hz", "100"]`,
    );
  });

  test("lets the worker be scaled", () => {
    expect(services["worker"]).not.toMatch(/container_name|ports:/);
  });

  test.each([
    ["api", apiLimits.graceMs],
    ["worker", workerLimits.graceMs],
  ])("gives the %s longer to stop than it takes", (name, graceMs) => {
    const [, seconds] = /^ {4}stop_grace_period: (\d+)s$/m.exec(services[name] ?? "") ?? [];
    expect(Number(seconds) * 1_000).toBeGreaterThan(graceMs);
  });

  test("checks the health of what others wait for", () => {
    for (const name of ["postgres", "redis"]) expect(services[name], name).toContain("healthcheck:");
    expect(services["api"]).toContain("migrate: { condition: service_completed_successfully }");
    expect(services["api"]).toContain("redis: { condition: service_healthy }");
    expect(services["worker"]).toContain("depends_on: *ready");
  });
});

/** A program's own files: itself and what it imports by path. Packages are in every image. */
function partsOf(program: string, seen = new Set<string>()): string[] {
  if (seen.has(program)) return [];
  seen.add(program);
  for (const [, specifier = ""] of read(program).matchAll(/ from "(\.[^"]+)";/g)) {
    partsOf(path.posix.join(path.posix.dirname(program), specifier), seen);
  }
  return [...seen];
}

/** What stands between one match and the next, by the match's group. */
function sections(text: string, pattern: RegExp, group: number): Record<string, string> {
  const matches = [...text.matchAll(pattern)];
  return Object.fromEntries(
    matches.map((match, index) => [match[group] ?? "", text.slice(match.index, matches[index + 1]?.index)]),
  );
}
