// Makes the Prisma client take less memory in every process that uses it. Plain JavaScript without
// dependencies, since it runs after an install. docs/adr/0010-memory.md has the figures.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const forgetting = "/* nothing is remembered */";

/** Where what was asked is remembered, below `node_modules`, and how. */
const memories = [
  {
    directory: "@prisma/client/runtime",
    files: ["client.js", "client.mjs"],
    memory: /(\w+)\.length!==0&&(\w+)\.push\(\[\w+,\.\.\.\1\]\),\2\.length>\w+&&\2\.shift\(\),/,
  },
  {
    directory: "@prisma/debug/dist",
    files: ["index.js", "index.mjs"],
    memory:
      /if \(args\.length !== 0\) \{\s+argsHistory\.push\(\[\w+, \.\.\.args\]\);\s+\}\s+if \(argsHistory\.length > MAX_ARGS_HISTORY\) \{\s+argsHistory\.shift\(\);\s+\}/,
  },
];

/**
 * Prisma and its adapter each keep the last hundred things they were about, with the values of every query, for the
 * report of a crash. They outlive their request, so V8 takes them for old objects: a third of all that it moved there.
 * And the texts of posts are among them.
 *
 * @param {string} modules where packages are installed
 * @throws if they are not as we know them
 */
export function forgetQueries(modules) {
  for (const { directory, files, memory } of memories) {
    for (const name of files) {
      const file = path.join(modules, directory, name);
      const text = readFileSync(file, "utf8");
      if (text.includes(forgetting)) continue;
      found(memory.exec(text));
      writeFileSync(file, text.replace(memory, forgetting));
    }
  }
}

/** From here on the fields of queries are numbered. */
export const firstFieldNumber = 4_096;

/**
 * @param {string} directory of the client's inner files
 * @throws if the client is not as we know it
 */
export async function lightenClient(directory) {
  const file = path.join(directory, "class.ts");
  const client = readFileSync(file, "utf8");
  writeFileSync(file, numberFieldsHigh(await storeCompiler(client, directory)));
}

/**
 * The client has its query compiler as text in a module, where it stays in memory twice for as long as the process
 * lives. From a file it is only compiled.
 *
 * @param {string} client
 * @param {string} directory
 */
async function storeCompiler(client, directory) {
  const asText = /const \{ wasm \} = await import\("([^"]+)"\)\s+return await decodeBase64AsWasm\(wasm\)/;
  const [, module] = found(asText.exec(client));
  const { wasm } = await import(module);
  writeFileSync(path.join(directory, "query-compiler.wasm"), Buffer.from(wasm, "base64"));
  return client.replace(
    asText,
    `const { readFile } = await import("node:fs/promises")
    return new WebAssembly.Module(await readFile(new URL("query-compiler.wasm", import.meta.url)))`,
  );
}

/**
 * The client numbers the fields of all queries there may be, some seven hundred, and keeps for each of hundreds of kinds
 * of objects in a query a table by field number. V8 gives such a table room for every number up to the highest in it; only
 * of high numbers it keeps those that are there. So the numbers begin high, with names before them that no field has.
 *
 * @param {string} client
 */
function numberFieldsHigh(client) {
  const asGenerated = /(config\.parameterizationSchema = \{\s+strings: )(JSON\.parse\(".*"\))(,\s+graph: ")([^"]*)(")/;
  const [, before, names, between, graph, after] = found(asGenerated.exec(client));
  const high = `[...Array(${firstFieldNumber}).fill(""), ...${names}]`;
  return client.replace(asGenerated, () => before + high + between + raiseNumbers(graph, firstFieldNumber) + after);
}

/**
 * @param {string} graph of Prisma 7, base64url: counts of input nodes, output nodes and roots, then each of them. Numbers
 *   are little-endian in groups of seven bits; one that may be missing is 0 then, and 1 more otherwise
 * @param {number} by how much names' numbers grow
 */
export function raiseNumbers(graph, by) {
  const bytes = Buffer.from(graph, "base64url");
  /** @type {number[]} */
  const raised = [];
  let at = 0;

  const copy = (/** @type {number} */ length) => {
    for (let count = 0; count < length; count += 1) raised.push(bytes[at++] ?? 0);
  };
  const read = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw notAsKnown();
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const write = (/** @type {number} */ value) => {
    let rest = value;
    for (; rest >= 128; rest >>>= 7) raised.push((rest & 127) | 128);
    raised.push(rest);
    return value;
  };
  const keep = () => write(read());
  const raise = () => write(read() + by);
  const raiseIfGiven = () => {
    const given = read();
    write(given === 0 ? 0 : given + by);
  };

  const [inputs, outputs, roots] = [keep(), keep(), keep()];
  for (let node = 0; node < inputs; node += 1) {
    for (let edges = keep(); edges > 0; edges -= 1) {
      raise(); // its field
      copy(2); // which scalars it takes
      keep(); // the node below it
      raiseIfGiven(); // its enum
      copy(1); // flags
    }
  }
  for (let node = 0; node < outputs; node += 1) {
    for (let edges = keep(); edges > 0; edges -= 1) {
      raise();
      keep(); // the node of its arguments
      keep(); // the node below it
    }
  }
  for (let root = 0; root < roots; root += 1) {
    raise();
    keep();
    keep();
  }
  if (at !== bytes.length) throw notAsKnown();
  return Buffer.from(raised).toString("base64url");
}

/** @template Match @param {Match | null} match */
function found(match) {
  if (match === null) throw notAsKnown();
  return match;
}

function notAsKnown() {
  return new Error("The Prisma client is not what it was: see scripts/prisma-client.mjs.");
}
