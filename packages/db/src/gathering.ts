/**
 * One statement for what is asked at the same time. What is asked in one turn of the event loop goes together at its end,
 * a lone item by itself; while as many statements are under way as are allowed, what comes gathers, and the next
 * statement takes all of it, before the last one's answers are dealt with. So nobody waits for company:
 * an item waits only where it would have waited for a connection, a commit or a processor anyway.
 */
import type { Database } from "./database.ts";
import { isDatabaseUnavailable } from "./unavailable.ts";

export interface GatheringLimits {
  /** Statements under way at a time. */
  parallelMax: number;
  /** Items in one statement. */
  sizeMax: number;
}

/** @returns one result for each item, in their order */
export type RunMany<Item, Result> = (database: Database, items: readonly Item[]) => Promise<readonly Result[]>;

interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Makes a question about one item out of a statement about many; gathers for each database by itself. A statement that
 * fails for what one of its items is, and not because Postgres is away, is repeated for each alone, so that nobody
 * suffers for another's fault: it must have changed nothing when it fails.
 */
export function gathered<Item, Result>(
  limits: GatheringLimits,
  runMany: RunMany<Item, Result>,
): (database: Database, item: Item) => Promise<Result> {
  const gatherings = new WeakMap<Database, (item: Item) => Promise<Result>>();
  return (database, item) => {
    let ask = gatherings.get(database);
    if (ask === undefined) {
      ask = openGathering(limits, (items) => runMany(database, items));
      gatherings.set(database, ask);
    }
    return ask(item);
  };
}

function openGathering<Item, Result>(
  { parallelMax, sizeMax }: GatheringLimits,
  runMany: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let underWay = 0;

  let isCalled = false;

  /** Lets first ask whoever is about to: those that came with the same packet, or got their last answer together. */
  function call(): void {
    if (isCalled || underWay >= parallelMax || waiting.length === 0) return;
    isCalled = true;
    setImmediate(() => {
      isCalled = false;
      while (underWay < parallelMax && waiting.length > 0) start();
    });
  }

  function start(): void {
    underWay += 1;
    void run(waiting.splice(0, sizeMax));
  }

  async function run(some: readonly Waiting<Item, Result>[]): Promise<void> {
    const tell = await settle(some);
    underWay -= 1;
    if (waiting.length > 0) {
      // What is done with many answers takes a while, and Postgres need not wait for it.
      start();
      await new Promise((resolve) => setImmediate(resolve));
    }
    tell();
    call();
  }

  /** Resolves to what lets them know. */
  async function settle(some: readonly Waiting<Item, Result>[]): Promise<() => void> {
    try {
      const results = await runMany(some.map(({ item }) => item));
      if (results.length !== some.length) throw new Error(`${results.length} results for ${some.length} items`);
      return () => {
        for (const [index, { resolve }] of some.entries()) resolve(results[index]!);
      };
    } catch (error) {
      if (some.length === 1 || isDatabaseUnavailable(error)) {
        return () => {
          for (const { reject } of some) reject(error);
        };
      }
      for (const one of some) (await settle([one]))();
      return () => {};
    }
  }

  return (item) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      call();
    });
}
