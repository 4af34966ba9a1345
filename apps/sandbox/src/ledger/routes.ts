/** Reading the ledger over HTTP, and clearing it between runs. */
import { Type } from "typebox";
import type { SandboxApp } from "../app.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { summarize } from "./statistics.ts";

const limitDefault = 1_000;
/** An answer stops before this many UTF-16 code units of bodies and texts. */
const answerCharactersMax = 16 * 1024 * 1024;

const filters = Type.Object(
  {
    platform: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    account: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    postId: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    outcome: Type.Optional(Type.Enum(["accepted", "repeat", "refused"])),
    since: Type.Optional(Type.String({ format: "date-time", description: "Received at this instant or later." })),
    after: Type.Optional(Type.String({ pattern: "^[0-9]{1,15}$", description: "`nextAfter` of the page before." })),
    limit: Type.Optional(Type.String({ pattern: "^[1-9][0-9]{0,3}$", description: "Entries in one answer." })),
  },
  { additionalProperties: false },
);

/** @param forgetAll clears the ledger and whatever the platforms remember besides, and says how many entries went */
export function ledgerRoutes(app: SandboxApp, { ledger, forgetAll }: { ledger: Ledger; forgetAll(): number }): void {
  app.get("/_ledger", { schema: { querystring: filters } }, (request) => {
    const { after, limit, since, ...equal } = request.query;
    const sinceMs = since === undefined ? -Infinity : Date.parse(since);
    const countMax = Number(limit ?? limitDefault);
    const data: LedgerEntry[] = [];
    let characters = 0;
    let total = 0;
    let full = false;
    for (const entry of ledger.after(0)) {
      if (Date.parse(entry.receivedAt) < sinceMs || !fits(entry, equal)) continue;
      total += 1;
      if (full || entry.sequence <= Number(after ?? 0)) continue;
      characters += entry.body.length + entry.content.text.length;
      // One entry always goes out, however large, so that paging gets on.
      full = data.length >= countMax || (data.length > 0 && characters > answerCharactersMax);
      if (!full) data.push(entry);
    }
    return { data, total, dropped: ledger.dropped(), nextAfter: full ? (data.at(-1)?.sequence ?? null) : null };
  });

  app.get("/_ledger/stats", () => summarize(ledger));

  app.delete("/_ledger", () => ({ cleared: forgetAll() }));
}

function fits(
  entry: LedgerEntry,
  equal: Partial<Pick<LedgerEntry, "platform" | "account" | "postId" | "outcome">>,
): boolean {
  return Object.entries(equal).every(([name, value]) => entry[name as keyof typeof equal] === value);
}
