/**
 * Builds the page into `dist`, which the API serves: `npm run dashboard`. Assets carry a hash in their names and are
 * compressed beforehand; the page that names them is written last, so that an API that runs meanwhile always serves a
 * whole one.
 *
 *     npm run dashboard               build
 *     npm run dashboard -- --serve    develop, with the API of `npm start` behind it
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build, createServer, type InlineConfig, type Rolldown } from "vite";
import { fingerprint, outputDirectory } from "./freshness.ts";

const root = import.meta.dirname;
/** All a browser loads, compressed; beyond it somebody added a library without looking. */
const sizeBytesMax = 120_000;
const compressible = /\.(js|css|svg)$/;

const config: InlineConfig = {
  configFile: false,
  root,
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
};

await (process.argv.includes("--serve") ? serve() : buildPage());

async function buildPage(): Promise<void> {
  const stamp = fingerprint();
  const result = await build({
    ...config,
    mode: "production",
    build: { write: false, target: "es2022", assetsInlineLimit: 0, modulePreload: false },
  });
  const { output } = result as Rolldown.RolldownOutput;
  const files = output.map((file) => ({
    name: file.fileName,
    content: Buffer.from(file.type === "chunk" ? file.code : file.source),
  }));
  const sizeBytes = writeFiles(files);
  writeFileSync(path.join(outputDirectory, ".sources"), stamp);
  console.log(`dashboard built: ${(sizeBytes / 1_000).toFixed(1)} kB compressed, ${files.length} files`);
  if (sizeBytes > sizeBytesMax) throw new Error(`the page is larger than ${sizeBytesMax} bytes`);
}

/** @returns what a browser loads, gzipped, in bytes */
function writeFiles(files: readonly { name: string; content: Buffer }[]): number {
  const isPage = ({ name }: { name: string }) => name === "index.html";
  const written = new Set<string>();
  const write = (name: string, content: Buffer) => {
    const file = path.join(outputDirectory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, content);
    renameSync(`${file}.${process.pid}`, file);
    written.add(path.basename(name));
  };
  let sizeBytes = 0;
  for (const { name, content } of files.toSorted((a, b) => Number(isPage(a)) - Number(isPage(b)))) {
    const gzipped = gzipSync(content, { level: 9 });
    sizeBytes += gzipped.length;
    if (compressible.test(name)) {
      write(`${name}.gz`, gzipped);
      write(`${name}.br`, brotliCompressSync(content));
    }
    write(name, content);
  }
  const assets = path.join(outputDirectory, "assets");
  // Names that end in a number are another build's, under way beside this one.
  const old = readdirSync(assets).filter((name) => !written.has(name) && !/\.\d+$/.test(name));
  for (const name of old) rmSync(path.join(assets, name), { force: true });
  return sizeBytes;
}

async function serve(): Promise<void> {
  const { apiUrl } = JSON.parse(readFileSync(path.join(root, "../../.data/dev.json"), "utf8")) as { apiUrl: string };
  const server = await createServer({
    ...config,
    logLevel: "info",
    server: { proxy: Object.fromEntries(["/v1", "/queues", "/docs", "/openapi.json"].map((path) => [path, apiUrl])) },
  });
  await server.listen();
  server.printUrls();
}
