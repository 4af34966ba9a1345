// After every install: generate the Prisma client, then note which lock file this tree was installed from,
// so that `npm start` and `npm test` know when packages are missing or out of date. Plain JavaScript without
// dependencies: it must run on any Node from 20 on.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
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
  await storeCompiler(path.join(root, "packages", "db", "src", "generated", "internal"));
}
// By the Node that our programs run on. It saves memory, no more, and is made up for by the next npm script.
const pinned = path.join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
const strip = path.join(root, "scripts", "strip-types.mjs");
if (existsSync(pinned) && existsSync(strip)) spawnSync(pinned, [strip], { stdio: "ignore" });
writeInstallStamp(root);

/**
 * The generated client has its query compiler as text in a module, where it stays in memory twice for as long as the
 * process lives. From a file it is only compiled.
 *
 * @param {string} directory of the client's inner files
 */
async function storeCompiler(directory) {
  const file = path.join(directory, "class.ts");
  const client = readFileSync(file, "utf8");
  const asText = /const \{ wasm \} = await import\("([^"]+)"\)\s+return await decodeBase64AsWasm\(wasm\)/;
  const [, module] = asText.exec(client) ?? [];
  if (module === undefined)
    throw new Error("The generated Prisma client is not what it was: see scripts/postinstall.mjs.");
  const { wasm } = await import(module);
  writeFileSync(path.join(directory, "query-compiler.wasm"), Buffer.from(wasm, "base64"));
  const asFile = `const { readFile } = await import("node:fs/promises")
    return new WebAssembly.Module(await readFile(new URL("query-compiler.wasm", import.meta.url)))`;
  writeFileSync(file, client.replace(asText, asFile));
}
