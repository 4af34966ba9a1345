// Installs packages as the lock file says, when they are missing or out of date. Plain JavaScript without
// dependencies, for any Node from 20 on. Two commands at once on a fresh clone (`npm start`, and `npm test` in another
// terminal) install once: the second waits for the first.
import { spawnSync } from "node:child_process";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { staleInstall } from "./install-stamp.mjs";

const waitMs = 200;

/** @param {string} root absolute path of the checkout */
export function ensureInstalled(root) {
  if (staleInstall(root) === null) return;
  const giveLockBack = takeLock(path.join(root, ".install.lock"));
  try {
    const stale = staleInstall(root);
    if (stale === "packages") installPackages(root);
    else if (stale === "client") generateClient(root);
  } finally {
    giveLockBack();
  }
}

/** @param {string} root */
function installPackages(root) {
  console.error("Installing packages (first run, or the lock file changed) ...");
  const npm = process.env.npm_execpath
    ? [process.execPath, [process.env.npm_execpath]]
    : [process.platform === "win32" ? "npm.cmd" : "npm", []];
  const started = Date.now();
  run(
    root,
    npm[0],
    [...npm[1], "ci", "--no-audit", "--no-fund", "--loglevel=error"],
    "`npm ci` failed, see above. With a working npm registry connection, run this command again.",
  );
  console.error(`Packages installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

/** @param {string} root */
function generateClient(root) {
  console.error("Generating the Prisma client (its schema changed) ...");
  run(root, process.execPath, ["scripts/postinstall.mjs"], "The Prisma client could not be generated, see above.");
}

/**
 * @param {string} root
 * @param {string} command
 * @param {string[]} args
 * @param {string} failure
 */
function run(root, command, args, failure) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.status === 0) return;
  console.error(failure);
  rmSync(path.join(root, ".install.lock"), { force: true });
  process.exit(1);
}

/** @param {string} lock */
function takeLock(lock) {
  const draft = `${lock}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  let waiting = false;
  try {
    while (!tryLink(draft, lock)) {
      if (!isHeld(lock)) rmSync(lock, { force: true });
      else if (!waiting) console.error("Another command is installing packages, waiting for it ...");
      waiting = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return () => rmSync(lock, { force: true });
}

/**
 * Linking is atomic: of two commands, one gets the name.
 *
 * @param {string} draft
 * @param {string} lock
 */
function tryLink(draft, lock) {
  try {
    linkSync(draft, lock);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  }
}

/** @param {string} lock */
function isHeld(lock) {
  try {
    process.kill(Number(readFileSync(lock, "utf8")), 0);
    return true;
  } catch (error) {
    // Not allowed to signal it: it lives, as another user.
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}
