/**
 * What the documents say is compared with what the program does: settings, states, limits, commands and links. A
 * difference fails here and shows the text that would be right.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { defaultRetryPolicy, postLimits, postStatuses, postTransitions } from "@punctual/core";
import { platformSettings } from "@punctual/platforms";
import { configFields, platformFields } from "@punctual/runtime";
import { describe, expect, test } from "vitest";
import { apiLimits } from "../apps/api/src/config.ts";
import { workerLimits } from "../apps/worker/src/config.ts";

const root = path.dirname(import.meta.dirname);
const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const documents = ["README.md", "CHANGELOG.md", ...globSync("{apps,docs,packages}/**/*.md", { cwd: root })].filter(
  (file) => !file.includes("node_modules"),
);

interface Setting {
  name: string;
  required: boolean;
  default: string | undefined;
  description: string;
}

const fields = { ...configFields, ...platformFields(platformSettings) };
const settings: Setting[] = Object.entries(fields).map(([name, field]) => {
  const { default: value, description } = field as unknown as {
    default?: boolean | number | string;
    description: string;
  };
  return {
    name,
    required: value === undefined && !Object.hasOwn(field, "~optional"),
    default: value === undefined ? undefined : String(value),
    description,
  };
});

describe("settings", () => {
  test("the README's table is the configuration's own", () => {
    const rows = settings.map(
      (setting) => `| \`${setting.name}\` | ${shownDefault(setting)} | ${setting.description} |`,
    );
    expect(tableRows(read("README.md"), "setting")).toEqual(rows);
  });

  test(".env.example names every setting, and shows the defaults", () => {
    const shown: Record<string, { commented: boolean; value: string }> = {};
    for (const [, commented, name = "", value = ""] of read(".env.example").matchAll(/^(# )?([A-Z_]+)=(.*)$/gm)) {
      shown[name] = { commented: commented !== undefined, value };
    }
    // Read by docker-compose.yml, which makes DATABASE_URL of it.
    delete shown["POSTGRES_PASSWORD"];
    expect(Object.keys(shown).toSorted()).toEqual(settings.map(({ name }) => name).toSorted());
    for (const setting of settings) {
      expect(shown[setting.name]?.commented, `${setting.name} is commented out`).toBe(!setting.required);
      if (!setting.required) expect(shown[setting.name]?.value, setting.name).toBe(setting.default ?? "");
    }
  });
});

function shownDefault({ required, default: value }: Setting): string {
  if (required) return "required";
  return value === undefined ? "unset" : `\`${value}\``;
}

describe("states", () => {
  const page = read("docs/states.md");

  test("the table in docs/states.md is the program's own", () => {
    const drawn = tableRows(page, "state").map((row) => {
      const [state, , targets] = cells(row);
      return [unquoted(state), (targets ?? "").split(", ").filter(Boolean).map(unquoted)];
    });
    expect(drawn).toEqual(postStatuses.map((status) => [status, postTransitions[status]]));
  });

  test("the diagram in docs/states.md has an arrow for every change and no other", () => {
    const arrows = [...page.matchAll(/^ +([a-z]+) --> ([a-z]+)$/gm)].map(([, from, to]) => `${from} ${to}`);
    const changes = postStatuses.flatMap((from) => postTransitions[from].map((to) => `${from} ${to}`));
    expect(arrows.toSorted()).toEqual(changes.toSorted());
  });
});

describe("limits", () => {
  const page = read("docs/limits.md");

  test("docs/limits.md lists the limits on posts with their values", () => {
    expect(limitRows(page, "limit")).toEqual(Object.entries(postLimits));
  });

  test("docs/limits.md has the API's and the worker's limits as they are", () => {
    const tables = ["request limit", "rate limit", "process limit"];
    const listed = tables.flatMap((heading) => limitRows(page, heading));
    const known: Record<string, number> = { ...apiLimits };
    for (const [name, value] of Object.entries(apiLimits)) known[`api.${name}`] = value;
    for (const [name, value] of Object.entries(workerLimits)) known[`worker.${name}`] = value;
    expect(listed.length).toBeGreaterThan(0);
    expect(listed).toEqual(listed.map(([name]) => [name, known[name]]));
  });

  test("docs/limits.md tells the retry policy", () => {
    const { network, platform, internal } = defaultRetryPolicy;
    const told = tableRows(page, "after").map((row) => cells(row).slice(1));
    expect(told).toEqual(
      [network, platform, internal].map(({ baseMs, factor }) => [`${baseMs / 1_000} s`, `${factor}`]),
    );
    expect([defaultRetryPolicy.delayMaxMs, defaultRetryPolicy.toldWaitMaxMs]).toEqual([3_600_000, 86_400_000]);
  });
});

function limitRows(page: string, heading: string): [name: string, value: number][] {
  return tableRows(page, heading).map((row) => {
    const [, value, name] = cells(row);
    return [unquoted(name), Number(value?.replaceAll(",", ""))];
  });
}

describe.each(documents)("%s", (document) => {
  const text = read(document);

  test("leads only to files that exist", () => {
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].map(([, target]) => target ?? "");
    const missing = links.filter((target) => !existsSync(path.join(root, path.dirname(document), target)));
    expect(missing).toEqual([]);
  });

  test("names only npm scripts and files that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const commands = [...text.matchAll(/npm (run )?([a-z][a-z:]*)/g)]
      .filter(([, run, name]) => run !== undefined || ["start", "test"].includes(name ?? ""))
      .map(([, , name]) => name ?? "");
    expect(commands.filter((name) => !(name in scripts))).toEqual([]);
    const files = [...text.matchAll(/\b(?:apps|packages|scripts|prisma|docs)\/[\w./-]+\.(?:ts|mjs|md|sql|prisma)\b/g)];
    expect(files.map(([file]) => file).filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });
});

/** The rows of the table whose first column is headed so. */
function tableRows(text: string, heading: string): string[] {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  expect(start, `no table headed "${heading}"`).toBeGreaterThanOrEqual(0);
  const rows = lines.slice(start + 2);
  return rows.slice(
    0,
    rows.findIndex((line) => !line.startsWith("|")),
  );
}

function cells(row: string): string[] {
  return row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function unquoted(cell: string | undefined): string {
  return (cell ?? "").replaceAll("`", "");
}
