import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** Plain JavaScript, for any Node. */
const { firstFieldNumber, forgetQueries, raiseNumbers } = (await import(
  new URL("prisma-client.mjs", import.meta.url).href
)) as {
  firstFieldNumber: number;
  forgetQueries: (modules: string) => void;
  raiseNumbers: (graph: string, by: number) => string;
};

interface Edge {
  field: number;
  scalars?: number;
  flags?: number;
  below?: number;
  enum?: number;
}

interface Graph {
  inputs: Edge[][];
  outputs: Edge[][];
  roots: Edge[];
}

/** As Prisma's runtime reads it. */
function readGraph(text: string): Graph {
  const bytes = Buffer.from(text, "base64url");
  let at = 0;
  const byte = () => bytes.readUInt8(at++);
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const next = byte();
      value |= (next & 127) << shift;
      if (next < 128) return value;
    }
  };
  const list = <Item>(length: number, item: () => Item) => Array.from({ length }, item);
  const [inputs, outputs, roots] = [number(), number(), number()];
  const inputEdge = () => {
    const field = number();
    const scalars = byte() | (byte() << 8);
    return { field, scalars, below: number(), enum: number(), flags: byte() };
  };
  const outputEdge = () => ({ field: number(), flags: number(), below: number() });
  const graph = {
    inputs: list(inputs, () => list(number(), inputEdge)),
    outputs: list(outputs, () => list(number(), outputEdge)),
    roots: list(roots, outputEdge),
  };
  expect(at).toBe(bytes.length);
  return graph;
}

/** One kind of object with two fields, 300 of them an enum by the name 5; what it gives; one query. */
const sample = Buffer.from([1, 1, 1, 2, 3, 255, 1, 2, 0, 7, 172, 2, 0, 0, 0, 6, 1, 1, 200, 1, 0, 1, 9, 1, 2]);

describe("raising the numbers of fields", () => {
  test("raises those of fields, enums and queries, and nothing else", () => {
    const before = readGraph(sample.toString("base64url"));
    expect(before.inputs).toEqual([
      [
        { field: 3, scalars: 511, below: 2, enum: 0, flags: 7 },
        { field: 300, scalars: 0, below: 0, enum: 6, flags: 1 },
      ],
    ]);
    expect(readGraph(raiseNumbers(sample.toString("base64url"), 4_096))).toEqual({
      inputs: [
        [
          { field: 4_099, scalars: 511, below: 2, enum: 0, flags: 7 },
          { field: 4_396, scalars: 0, below: 0, enum: 4_102, flags: 1 },
        ],
      ],
      outputs: [[{ field: 4_296, flags: 0, below: 1 }]],
      roots: [{ field: 4_105, flags: 1, below: 2 }],
    });
  });

  test.each([
    ["cut short", sample.subarray(0, -1)],
    ["longer than it says", Buffer.concat([sample, Buffer.from([0])])],
  ])("refuses one that is %s", (_what, bytes) => {
    expect(() => raiseNumbers(bytes.toString("base64url"), 1)).toThrow("is not what it was");
  });

  test("leaves the client each field by its name", () => {
    const file = new URL("../packages/db/src/generated/internal/class.ts", import.meta.url);
    const client = readFileSync(file, "utf8");
    const [, names = "", graph = ""] =
      /strings: \[\.\.\.Array\(\d+\)\.fill\(""\), \.\.\.JSON\.parse\((".*")\)\],\s+graph: "([^"]*)"/.exec(client) ?? [];
    const fieldNames = JSON.parse(JSON.parse(names) as string) as string[];
    const strings = [...Array<string>(firstFieldNumber).fill(""), ...fieldNames];
    const { outputs, roots } = readGraph(graph);
    const find = roots.find(({ field }) => strings[field] === "Company.findUnique");
    const fields = outputs[(find?.below ?? 0) - 1]?.map(({ field }) => strings[field]);
    expect(fields).toEqual(expect.arrayContaining(["clients", "socialAccounts", "apiKeys"]));
  });
});

describe("forgetting what was asked", () => {
  const installed = path.resolve(import.meta.dirname, "../node_modules");
  /** As Prisma is published, in its two forms. */
  const minified = `const L=[],M=100;export const debug=o=>(...n)=>{let f=!1;if(n.length!==0&&L.push([o,...n]),L.length>M&&L.shift(),f)throw 0};export const kept=()=>L.length;`;
  const plain = `const argsHistory = []; const MAX_ARGS_HISTORY = 100;
    export const debug = (namespace2) => (...args) => {
      if (args.length !== 0) {
        argsHistory.push([namespace2, ...args]);
      }
      if (argsHistory.length > MAX_ARGS_HISTORY) {
        argsHistory.shift();
      }
    };
    export const kept = () => argsHistory.length;`;
  const published: Readonly<Record<string, string>> = {
    "@prisma/client/runtime/client.js": minified,
    "@prisma/client/runtime/client.mjs": minified,
    "@prisma/debug/dist/index.js": plain,
    "@prisma/debug/dist/index.mjs": plain,
  };
  let modules: string;

  beforeEach(() => {
    modules = mkdtempSync(path.join(tmpdir(), "punctual-prisma-"));
    for (const [file, text] of Object.entries(published)) {
      mkdirSync(path.dirname(path.join(modules, file)), { recursive: true });
      writeFileSync(path.join(modules, file), text);
    }
  });
  afterEach(() => rmSync(modules, { recursive: true }));

  const textOf = (file: string) => readFileSync(path.join(modules, file), "utf8");

  test.each(Object.keys(published))("is done in %s, once", async (file) => {
    const keptIn = async (text: string) => {
      const { debug, kept } = (await import(`data:text/javascript,${encodeURIComponent(text)}//${file}`)) as {
        debug: (namespace: string) => (...args: unknown[]) => void;
        kept: () => number;
      };
      debug("prisma:test")("a query", { args: ["the text of a post"] });
      return kept();
    };
    expect(await keptIn(textOf(file))).toBe(1);
    forgetQueries(modules);
    const forgetful = textOf(file);
    expect(await keptIn(forgetful)).toBe(0);
    forgetQueries(modules);
    expect(textOf(file)).toBe(forgetful);
  });

  test.each(Object.keys(published))("is not taken for done where %s remembers in another way", (file) => {
    writeFileSync(path.join(modules, file), "remembers.in(another, way)");
    expect(() => forgetQueries(modules)).toThrow("is not what it was");
  });

  test("is done where Prisma is installed", () => {
    for (const file of Object.keys(published)) {
      expect(readFileSync(path.join(installed, file), "utf8"), file).toContain("nothing is remembered");
    }
  });
});
