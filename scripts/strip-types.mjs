// Strips the types of all our modules once, so that no process has to (packages/runtime/src/stripped-types.mjs says
// why). After every installation, and at every `npm start`; what has not changed is not made again. Plain JavaScript
// without dependencies.
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { strippedDirectory, strippedFile } from "../packages/runtime/src/stripped-file.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const ours = ["packages/*/src/**/*.ts", "apps/{api,worker,sandbox}/src/**/*.ts"];
const unused = /\.(test|fixture|d)\.ts$/;

mkdirSync(strippedDirectory, { recursive: true });
const kept = new Set();
for (const name of globSync(ours, { cwd: root })) {
  if (unused.test(name)) continue;
  const source = readFileSync(path.join(root, name));
  const file = strippedFile(source);
  kept.add(path.basename(file));
  if (existsSync(file)) continue;
  // Whoever reads it meanwhile sees all of it or nothing.
  writeFileSync(`${file}.${process.pid}`, stripTypeScriptTypes(source.toString()));
  renameSync(`${file}.${process.pid}`, file);
}
for (const name of readdirSync(strippedDirectory)) {
  if (name.endsWith(".js") && !kept.has(name)) rmSync(path.join(strippedDirectory, name), { force: true });
}
