/** What the sandbox was told of accounts. An account it was told nothing of takes everything. */

export interface Account {
  /** For the feed, in place of the bare id. */
  name?: string;
  /** Deliveries must be signed with it: "whsec_" and base64. */
  secret?: string;
  /** Whether a text that is visible on the account already is refused, as some networks do. */
  refuseDuplicates?: boolean;
  /** How many posts it takes in 24 hours, where its network counts them. */
  publishingQuota?: number;
  /** What its server does with a key that comes again, where its network has keys; default: honours it. */
  idempotencyKeys?: "honoured" | "ignored" | "failing";
}

export interface Accounts {
  /** False if as many are known as may be. */
  set(id: string, account: Account): boolean;
  get(id: string): Account;
  remove(id: string): boolean;
  list(): [id: string, account: Account][];
}

const nothingTold: Account = {};

export function createAccounts({ accountsMax }: { accountsMax: number }): Accounts {
  const accounts = new Map<string, Account>();
  return {
    set(id, account) {
      if (!accounts.has(id) && accounts.size >= accountsMax) return false;
      accounts.set(id, account);
      return true;
    },
    get: (id) => accounts.get(id) ?? nothingTold,
    remove: (id) => accounts.delete(id),
    list: () => [...accounts],
  };
}
