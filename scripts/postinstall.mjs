// After every install: make Prisma forget what it was asked, generate its client, then note which lock file this tree
// was installed from, so that `npm start` and `npm test` know when packages are missing or out of date. Plain JavaScript
// without dependencies: it must run on any Node from 20 on.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { writeInstallStamp } from "./install-stamp.mjs";
import { forgetQueries, lightenClient } from "./prisma-client.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const prisma = path.join(root, "node_modules", "prisma", "build", "index.js");

forgetQueries(path.join(root, "node_modules"));
// A production install (`npm ci --omit=dev`) has no Prisma CLI; images copy the generated client instead.
if (existsSync(prisma)) {
  execFileSync(process.execPath, [prisma, "generate", "--schema", "prisma/schema.prisma", "--no-hints"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      // The client needs no engine, but `generate` insists on one and would download it; any executable satisfies it.
      PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
      CHECKPOINT_DISABLE: "1",
    },
  });
  await lightenClient(path.join(root, "packages", "db", "src", "generated", "internal"));
}
// By the Node that our programs run on. It saves memory, no more, and is made up for by the next npm script.
const pinned = path.join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
const strip = path.join(root, "scripts", "strip-types.mjs");
if (existsSync(pinned) && existsSync(strip)) spawnSync(pinned, [strip], { stdio: "ignore" });
writeInstallStamp(root);
