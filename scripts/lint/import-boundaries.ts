/**
 * Who may import whom. One table for our own packages, one for libraries that have a single owner; every refusal
 * says why. An unfenced import is how a job system ends with SQL in its routes and Redis in its requests.
 */
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import { isTest, type Node, pathInCheckout, type Rule, stringValue } from "./rule.ts";

export const importBoundaries: Rule = {
  create(context) {
    const file = pathInCheckout(context);
    const check = (node: Node, source: unknown) => {
      const specifier = stringValue(source);
      const message = specifier === undefined ? undefined : refusal(file, specifier, context.cwd);
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: (node) => check(node, node["source"]),
      ExportNamedDeclaration: (node) => check(node, node["source"]),
      ExportAllDeclaration: (node) => check(node, node["source"]),
      ImportExpression: (node) => check(node, node["source"]),
      TSImportType: (node) => check(node, node["source"]),
    };
  },
};

interface Area {
  /** Our packages this area may import. */
  imports: readonly string[];
  because: string;
}

const allPackages = ["core", "db", "platforms", "queue", "runtime"];
const adapter: Area = {
  imports: ["core", "runtime"],
  because: "db, queue and platforms know core and runtime but never each other; apps bring them together",
};
const app: Area = { imports: allPackages, because: "apps import packages, never apps, and never the testing kit" };

const areas: Readonly<Record<string, Area>> = {
  "packages/core": { imports: [], because: "core is pure and imports nothing of ours" },
  "packages/runtime": { imports: [], because: "runtime knows no domain and imports nothing of ours" },
  "packages/db": adapter,
  "packages/queue": adapter,
  "packages/platforms": adapter,
  "packages/testing": { imports: allPackages, because: "the testing kit starts apps as processes, never imports them" },
  "apps/api": app,
  "apps/worker": app,
  "apps/sandbox": app,
  "apps/dashboard": { imports: [], because: "the dashboard runs in a browser and talks to the API over HTTP only" },
};

/** What we measure ourselves against is made of the bare libraries, and of nothing of ours. */
const floors = "scripts/bench/floors";

/** Libraries that only some areas may import, tests included. */
const owned: readonly { libraries: RegExp; owners: readonly string[]; because: string }[] = [
  {
    libraries: /^(@prisma\/|prisma$|pg$|pg-)/,
    owners: ["packages/db", "packages/testing"],
    because: "Postgres is reached through packages/db, so that one place knows the tables",
  },
  {
    libraries: /^((bullmq|ioredis|redis)(\/.*)?|@redis\/.*)$/,
    owners: ["packages/queue", floors],
    because: "Redis is an alarm clock behind packages/queue; nothing else may come to depend on it",
  },
  {
    libraries: /^@bull-board\//,
    owners: ["packages/queue", "apps/api"],
    because: "the board is served by the API over the queues of packages/queue",
  },
  {
    libraries: /^(fastify|fastify-plugin|@fastify\/.*|@scalar\/.*)$/,
    owners: ["apps", floors],
    because: "HTTP servers are the apps' business",
  },
  {
    libraries: /^(node:)?process$/,
    owners: [],
    because: "process is a global; its environment is read in packages/runtime/src/config.ts only",
  },
];

/** Built-in modules core may use: they compute, and touch nothing outside. */
const pureBuiltins = /^node:(assert|buffer|crypto|url|util)$/;

function refusal(file: string, specifier: string, root: string): string | undefined {
  const area = areaOf(file);
  if (specifier.startsWith(".")) return refuseRelative(file, specifier);
  return (
    refuseOurs(file, area, specifier) ??
    refuseOwned(file, specifier) ??
    refuseImpure(file, area, specifier) ??
    refuseUndeclared(file, area, specifier, root)
  );
}

/** `packages/core/src/job.ts` belongs to `packages/core`; files of the root belong to no area. */
function areaOf(file: string): string {
  return file.split("/", 2).join("/");
}

function refuseRelative(file: string, specifier: string): string | undefined {
  if (!endings(file).test(specifier)) {
    return `Import path "${specifier}" must name the file with its ending: Node runs these files as they are.`;
  }
  const target = path.posix.join(path.posix.dirname(file), specifier);
  if (target.endsWith(".test.ts") || (isTest(target) && !isTest(file))) {
    return `A test is not imported: what tests share is in the testing kit, or in a \`.fixture.ts\` beside them.`;
  }
  const area = areaOf(file);
  if (area in areas && !target.startsWith(`${area}/`)) {
    return `"${specifier}" leaves ${area}: import the other package by its name, through what it exports.`;
  }
  return undefined;
}

/** What Node runs; the dashboard is bundled, and has markup and styles too. */
function endings(file: string): RegExp {
  return file.startsWith("apps/dashboard/") ? /\.(tsx?|css|json)$/ : /\.(ts|mjs|json)$/;
}

function refuseOurs(file: string, area: string, specifier: string): string | undefined {
  const [, name] = /^@punctual\/([^/]+)/.exec(specifier) ?? [];
  const rule = areas[area];
  if (name === undefined || rule === undefined || rule.imports.includes(name)) return undefined;
  if (name === "testing" && isTest(file)) return undefined;
  const because = name === "testing" ? "only tests and scripts import the testing kit" : rule.because;
  return `${area} may not import ${specifier}: ${because}.`;
}

function refuseOwned(file: string, specifier: string): string | undefined {
  for (const { libraries, owners, because } of owned) {
    if (libraries.test(specifier) && !owners.some((owner) => file.startsWith(`${owner}/`))) {
      return `"${specifier}" may not be imported here: ${because}.`;
    }
  }
  return undefined;
}

function refuseImpure(file: string, area: string, specifier: string): string | undefined {
  if (area !== "packages/core" || isTest(file) || !isBuiltin(specifier) || pureBuiltins.test(specifier)) {
    return undefined;
  }
  return `core may not import "${specifier}": it decides, the shell acts. Pass what it needs.`;
}

/** What runs in production is in its own package.json: an image installs nothing else. */
function refuseUndeclared(file: string, area: string, specifier: string, root: string): string | undefined {
  if (isBuiltin(specifier)) return undefined;
  const library = specifier.startsWith("@") ? specifier.split("/", 2).join("/") : (specifier.split("/", 1)[0] ?? "");
  if (!(area in areas)) return undefined;
  const own = manifest(path.join(root, area, "package.json"));
  if (own.dependencies?.[library] !== undefined) return undefined;
  // What is bundled when the page is built need not be installed where it is served.
  if (area === "apps/dashboard" && own.devDependencies?.[library] !== undefined) return undefined;
  if (isTest(file) || area === "packages/testing") {
    const whole = manifest(path.join(root, "package.json"));
    const declared = { ...own.devDependencies, ...whole.devDependencies };
    if (library.startsWith("@punctual/") || declared[library] !== undefined) return undefined;
  }
  return `"${library}" is not among the dependencies of ${area}/package.json, so a production install would lack it.`;
}

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const manifests = new Map<string, Manifest>();

function manifest(file: string): Manifest {
  let found = manifests.get(file);
  if (found === undefined) {
    found = JSON.parse(readFileSync(file, "utf8")) as Manifest;
    manifests.set(file, found);
  }
  return found;
}
