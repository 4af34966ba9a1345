// The door every npm script goes through: makes sure packages are installed as the lock file says, then runs a
// TypeScript file under the Node this project pins. Plain JavaScript without dependencies, because on a fresh
// clone there is nothing else yet, and the Node in PATH may be as old as 20. In package.json `exec` stands in front of
// it where signals matter: one sent to npm alone then arrives here, not at a shell in between that tells nobody.
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ensureInstalled } from "./install.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  console.error("usage: node scripts/run.mjs <script.ts> [arguments]");
  process.exit(2);
}

ensureInstalled(root);

const target = path.resolve(root, script);
const pinnedNode = path.join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
const isNew = Number(process.versions.node.split(".")[0]) >= 24;
// It saves memory, no more: a checkout that cannot be written to runs as well.
spawnSync(isNew ? process.execPath : pinnedNode, [path.join(root, "scripts", "strip-types.mjs")], { stdio: "ignore" });
if (isNew) {
  // Same process: signals reach the script directly.
  process.argv.splice(1, 2, target);
  await import(pathToFileURL(target).href);
} else {
  const child = spawn(pinnedNode, [target, ...args], { stdio: "inherit", cwd: root });
  child.on("error", (error) => {
    console.error(`Cannot run the pinned Node at ${pinnedNode} (${error.message}). Run \`npm ci\` and try again.`);
    process.exit(1);
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // An npm that is killed outright tells nobody: its children notice by getting another parent.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill("SIGTERM");
  }, 1_000);
  watch.unref();
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
}
