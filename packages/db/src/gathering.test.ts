import { describe, expect, test } from "vitest";
import type { Database } from "./database.ts";
import { gathered } from "./gathering.ts";

const database = {} as Database;
const unavailable = () => new Error("Connection terminated unexpectedly");

/** Statements that end when they are told to. */
function openStatements(limits = { parallelMax: 1, sizeMax: 100 }) {
  const statements: { items: readonly string[]; end: (fault?: Error) => void }[] = [];
  const ask = gathered<string, string>(limits, (_database, items) => {
    const { promise, resolve, reject } = Promise.withResolvers<string[]>();
    const end = (fault?: Error) => (fault ? reject(fault) : resolve(items.map((item) => item.toUpperCase())));
    statements.push({ items, end });
    return promise;
  });
  /** Two turns: in the first a statement ends, in the second the next one begins. */
  const settled = async () => {
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { statements, ask: (item: string) => ask(database, item), settled };
}

describe("what is asked at the same time", () => {
  test("goes at once when it is alone, and together when a statement is under way", async () => {
    const { statements, ask, settled } = openStatements();
    const answers = [ask("a")];
    await settled();
    answers.push(ask("b"));
    await settled();
    answers.push(ask("c"));
    await settled();
    expect(statements.map(({ items }) => items)).toEqual([["a"]]);
    statements[0]!.end();
    await settled();
    expect(statements.map(({ items }) => items)).toEqual([["a"], ["b", "c"]]);
    statements[1]!.end();
    expect(await Promise.all(answers)).toEqual(["A", "B", "C"]);
  });

  test("goes together when it is asked in one turn, though no statement is under way", async () => {
    const { statements, ask, settled } = openStatements();
    const answers = Promise.resolve().then(() => Promise.all(["b", "c"].map(ask)));
    const first = ask("a");
    await settled();
    expect(statements.map(({ items }) => items)).toEqual([["a", "b", "c"]]);
    statements[0]!.end();
    expect([await first, ...(await answers)]).toEqual(["A", "B", "C"]);
  });

  test("goes together with what is asked because of the answers of the statement before", async () => {
    const { statements, ask, settled } = openStatements();
    const again = Promise.all(["a", "b"].map((item) => ask(item).then(ask)));
    await settled();
    statements[0]!.end();
    await settled();
    expect(statements.map(({ items }) => items)).toEqual([
      ["a", "b"],
      ["A", "B"],
    ]);
    statements[1]!.end();
    expect(await again).toEqual(["A", "B"]);
  });

  test("goes before the answers of the statement before are dealt with", async () => {
    const { statements, ask, settled } = openStatements();
    const begun = ask("a").then(() => statements.map(({ items }) => items));
    await settled();
    const answers = [ask("b"), ask("c")];
    statements[0]!.end();
    expect(await begun).toEqual([["a"], ["b", "c"]]);
    statements[1]!.end();
    expect(await Promise.all(answers)).toEqual(["B", "C"]);
  });

  test("keeps to its limits, in the order of asking", async () => {
    const { statements, ask, settled } = openStatements({ parallelMax: 2, sizeMax: 2 });
    const answers = ["a", "b", "c", "d", "e", "f", "g"].map(ask);
    await settled();
    const sent = () => statements.map(({ items }) => items);
    expect(sent()).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    for (const at of [0, 1, 2, 3]) {
      statements[at]?.end();
      await settled();
    }
    expect(sent()).toEqual([["a", "b"], ["c", "d"], ["e", "f"], ["g"]]);
    expect(await Promise.all(answers)).toEqual(["A", "B", "C", "D", "E", "F", "G"]);
  });

  test("suffers together when Postgres is away, and goes on afterwards", async () => {
    const { statements, ask, settled } = openStatements();
    const answers = Promise.allSettled(["a", "b", "c"].map(ask));
    await settled();
    statements[0]!.end(unavailable());
    expect((await answers).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(statements).toHaveLength(1);
    const later = ask("d");
    await settled();
    statements[1]!.end();
    expect(await later).toBe("D");
  });

  test("goes each by itself when one of them is at fault", async () => {
    const { statements, ask, settled } = openStatements();
    const answers = Promise.allSettled(["b", "c"].map(ask));
    await settled();
    statements[0]!.end(new Error("out of range"));
    await settled();
    statements[1]!.end(new Error("out of range"));
    await settled();
    statements[2]!.end();
    const results = await answers;
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect(statements.map(({ items }) => items)).toEqual([["b", "c"], ["b"], ["c"]]);
  });

  test("is never mixed up with what is asked of another database", async () => {
    const asked: [Database, readonly string[]][] = [];
    const ask = gathered<string, string>({ parallelMax: 1, sizeMax: 10 }, async (at, items) => {
      asked.push([at, items]);
      return items;
    });
    const other = {} as Database;
    await Promise.all([ask(database, "a"), ask(other, "b"), ask(database, "c"), ask(other, "d")]);
    expect(asked).toEqual([
      [database, ["a", "c"]],
      [other, ["b", "d"]],
    ]);
  });
});
