/**
 * Whether the page that the API serves was built from the sources that are here. What starts an installation asks
 * before, and builds only if not; nothing else of ours is built, so nobody should have to think of it.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

const root = import.meta.dirname;
export const outputDirectory = path.join(root, "dist");
const stampFile = path.join(outputDirectory, ".sources");
const sources = ["index.html", "build.ts", "package.json", "src/**/*.{ts,tsx,css,svg}"];

/** Builds the page if its sources changed since it was built. Takes about a second, in a process of its own. */
export async function ensureDashboard(): Promise<"fresh" | "built"> {
  if (readStamp() === fingerprint()) return "fresh";
  await runBuild();
  return "built";
}

/** Of everything the page is made of; its libraries are pinned in package.json. */
export function fingerprint(): string {
  const hash = createHash("sha256");
  for (const file of globSync(sources, { cwd: root }).toSorted()) {
    if (file.endsWith(".test.ts") || file.endsWith(".fixture.ts")) continue;
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update("\0");
  }
  return hash.digest("hex");
}

function readStamp(): string | null {
  try {
    return readFileSync(stampFile, "utf8");
  } catch {
    return null;
  }
}

/** Vite goes by NODE_ENV, and changes it: nothing of our environment gets in, nothing of its comes out. */
function runBuild(): Promise<void> {
  const child = spawn(process.execPath, [path.join(root, "build.ts")], { stdio: ["ignore", "pipe", "pipe"], env: {} });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`the dashboard cannot be built:\n${output}`)),
    );
  });
}
