// Which package-lock.json and Prisma schema `node_modules` was made from, as a hash kept inside it.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** @param {string} root absolute path of the checkout */
export function installIsCurrent(root) {
  const stamp = path.join(root, "node_modules", ".punctual-installed");
  return existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint(root);
}

/** @param {string} root absolute path of the checkout */
export function writeInstallStamp(root) {
  writeFileSync(path.join(root, "node_modules", ".punctual-installed"), fingerprint(root));
}

/** @param {string} root */
function fingerprint(root) {
  const hash = createHash("sha256");
  for (const file of ["package-lock.json", "prisma/schema.prisma"]) hash.update(readFileSync(path.join(root, file)));
  return `${hash.digest("hex")} ${process.platform}-${process.arch}`;
}
