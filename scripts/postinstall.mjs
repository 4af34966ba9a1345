// After every install: generate the Prisma client, then note which lock file this tree was installed from,
// so that `npm start` and `npm test` know when packages are missing or out of date. Plain JavaScript without
// dependencies: it must run on any Node from 20 on.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { writeInstallStamp } from "./install-stamp.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const prisma = path.join(root, "node_modules", "prisma", "build", "index.js");

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
}
writeInstallStamp(root);
