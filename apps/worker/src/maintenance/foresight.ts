/**
 * Looks at posts a day and an hour before their instant: does the account still work, would the platform take the media?
 * What is found is told as `post.at_risk`, while there is time to act; nothing else follows from it, since the attempt at
 * the instant decides. An account is asked about at most once an hour, however many posts it has.
 */
import type { ConnectedAccount, Platform } from "@punctual/core";
import { atRisk, claimAccountCheck, keepAccountCheck, takeChecks, type Database, type PostToCheck } from "@punctual/db";
import type { Keyring, Logger, Service } from "@punctual/runtime";
import { openAccount } from "../publish/attempt.ts";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

export interface ForesightDeps {
  database: Database;
  platforms: ReadonlyMap<string, Platform>;
  keyring: Keyring;
  logger: Logger;
  pulse?: Pulse | undefined;
}

const intervalMs = 5_000;
const batchSizeMax = 10;
const callTimeoutMs = 20_000;
/** What an account showed is believed for so long, in milliseconds. */
const accountCheckMs = 3_600_000;
/** Of the reasons a post's media would be refused, so many are told. */
const issuesMax = 5;

export function createForesight(deps: ForesightDeps): Service {
  const { database, platforms, logger, pulse } = deps;
  const checked = [...platforms.values()]
    .filter(({ check, inspect }) => check !== undefined || inspect !== undefined)
    .map(({ name }) => name);

  async function checkAccount(platform: Platform, account: ConnectedAccount): Promise<PostToCheck["accountCheck"]> {
    const socialAccountId = account.id;
    if (platform.check === undefined) return null;
    if (!(await claimAccountCheck(database, { socialAccountId, notWithinMs: accountCheckMs }))) return null;
    const signal = AbortSignal.timeout(callTimeoutMs);
    const check = await platform.check(account, { timeoutMs: callTimeoutMs, signal });
    await keepAccountCheck(database, { socialAccountId, check });
    return check.kind === "works" ? { kind: "works", message: null } : check;
  }

  async function lookAtAccount(posts: readonly PostToCheck[], platform: Platform): Promise<ConnectedAccount | null> {
    const [{ account: sealed, socialAccountId, accountCheck }] = posts as [PostToCheck];
    const account = openAccount(sealed, socialAccountId, deps);
    const check =
      account === null
        ? ({ kind: "refused", message: "the stored credentials cannot be read any more" } as const)
        : ((await checkAccount(platform, account)) ?? accountCheck);
    if (check?.kind !== "refused") return account;
    const failure = {
      category: "auth",
      code: "account_refused",
      message: check.message ?? "the platform refuses it",
    } as const;
    for (const { id: postId } of posts) await atRisk(database, { postId, reason: "account_refused", failure });
    return null;
  }

  async function lookAtMedia(post: PostToCheck, platform: Platform, account: ConnectedAccount): Promise<void> {
    const signal = AbortSignal.timeout(callTimeoutMs);
    const issues = (await platform.inspect?.(post, { account, timeoutMs: callTimeoutMs, signal })) ?? [];
    const [first] = issues;
    if (first === undefined) return;
    const message = issues
      .slice(0, issuesMax)
      .map((issue) => `${issue.path}: ${issue.message}`)
      .join("; ");
    const failure = { category: "rejected", code: first.code, message } as const;
    await atRisk(database, { postId: post.id, reason: "media_refused", failure });
  }

  async function look(posts: readonly PostToCheck[]): Promise<void> {
    const platform = platforms.get(posts[0]?.platform ?? "");
    if (platform === undefined) return;
    const noted = (error: unknown) =>
      logger.warn({ err: error, platform: platform.name }, "looking at a post ahead failed; the next look is nearer");
    const account = await lookAtAccount(posts, platform).catch(noted);
    if (account === undefined || account === null) return;
    for (const post of posts) await lookAtMedia(post, platform, account).catch(noted);
  }

  return createSweeper(
    { name: "foresight", intervalMs },
    {
      logger,
      pulse,
      async sweep() {
        if (checked.length === 0) return false;
        const posts = await takeChecks(database, { platforms: checked, limit: batchSizeMax });
        const byAccount = Map.groupBy(posts, ({ socialAccountId }) => socialAccountId);
        await Promise.all([...byAccount.values()].map(look));
        return posts.length === batchSizeMax;
      },
    },
  );
}
