// What `node_modules` was made from, kept inside it: the lock file its packages are from, and the Prisma schema its
// generated client is from.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * @param {string} root absolute path of the checkout
 * @returns {"packages" | "client" | null} what must be made anew; packages bring the client with them
 */
export function staleInstall(root) {
  const [packages, client] = fingerprints(root);
  const [installedPackages, installedClient] = readStamp(root);
  if (packages !== installedPackages) return "packages";
  return client === installedClient ? null : "client";
}

/** @param {string} root absolute path of the checkout */
export function writeInstallStamp(root) {
  writeFileSync(stampFile(root), fingerprints(root).join("\n"));
}

/** @param {string} root */
function readStamp(root) {
  try {
    return readFileSync(stampFile(root), "utf8").split("\n");
  } catch {
    return [];
  }
}

/** @param {string} root */
function fingerprints(root) {
  const hash = (/** @type {string} */ file) =>
    createHash("sha256")
      .update(readFileSync(path.join(root, file)))
      .digest("hex");
  return [`${hash("package-lock.json")} ${process.platform}-${process.arch}`, hash("prisma/schema.prisma")];
}

/** @param {string} root */
function stampFile(root) {
  return path.join(root, "node_modules", ".punctual-installed");
}
