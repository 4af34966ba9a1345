/**
 * Reads the platform to find out what became of a lost answer, with growing pauses. It ends in `published`, in
 * another attempt if the platform proves that nothing is there, or in a person's hands if it cannot tell. Reading
 * changes nothing, so looking twice is harmless.
 */
import type { Confirmation, Platform } from "@punctual/core";
import {
  isExternalIdTaken,
  recordAbsent,
  recordCannotTell,
  recordFound,
  takeUnconfirmed,
  type Database,
  type UnconfirmedPost,
} from "@punctual/db";
import type { Keyring, Logger, Service } from "@punctual/runtime";
import { openAccount } from "../publish/attempt.ts";
import type { Lookout } from "./lookout.ts";
import type { Pulse } from "./pulse.ts";
import { createSweeper } from "./sweeper.ts";

export interface ConfirmerDeps {
  database: Database;
  platforms: ReadonlyMap<string, Platform>;
  keyring: Keyring;
  logger: Logger;
  lookout?: Lookout | undefined;
  pulse?: Pulse | undefined;
}

const batchSizeMax = 50;
const intervalMs = 1_000;
const lookTimeoutMs = 10_000;
/** A look that neither ended nor failed is taken up again after this long, in milliseconds. */
const lookLeaseMs = 20_000;
const firstPauseMs = 5_000;
const pauseMaxMs = 120_000;
/** After ten minutes of looking a person decides (contract, section 3). */
const lookingMaxMs = 600_000;
/** A post proved absent is tried again after this long, in milliseconds. */
const absentDelayMs = 1_000;

export function createConfirmer(deps: ConfirmerDeps): Service {
  const { database, platforms, keyring, logger, lookout, pulse } = deps;
  const readable = [...platforms.values()].filter((platform) => platform.confirm !== undefined).map(({ name }) => name);

  async function look(post: UnconfirmedPost): Promise<void> {
    const confirmation = beliefOf(post, await ownOnly(database, post, await read(post)));
    const context = { postId: post.id, requestId: post.requestId, looks: post.confirmCount + 1 };
    switch (confirmation.kind) {
      case "published": {
        const { externalId = null, externalUrl = null } = confirmation;
        if (await recordFound(database, { postId: post.id, externalId, externalUrl })) {
          logger.info(context, "an unconfirmed post was found");
          pulse?.healed("confirmer", 1);
        }
        return;
      }
      case "absent":
        if (await recordAbsent(database, { postId: post.id, delayMs: absentDelayMs })) {
          logger.info(context, "an unconfirmed post is proved absent");
          pulse?.healed("confirmer", 1);
        }
        return;
      case "cannot_tell": {
        const pauseMs = Math.min(firstPauseMs * 2 ** post.confirmCount, pauseMaxMs);
        const goesOn = post.now.getTime() - post.unconfirmedAt.getTime() + pauseMs <= lookingMaxMs;
        const { message } = confirmation;
        await recordCannotTell(database, { postId: post.id, againInMs: goesOn ? pauseMs : null, message });
        if (!goesOn) logger.warn(context, "the platform cannot tell, a person must decide");
      }
    }
  }

  async function read(post: UnconfirmedPost): Promise<Confirmation> {
    const account = openAccount(post.account, post.socialAccountId, { keyring, logger });
    const platform = platforms.get(post.platform);
    if (account === null || platform?.confirm === undefined)
      return { kind: "cannot_tell", message: "the account cannot be read" };
    try {
      const signal = AbortSignal.timeout(lookTimeoutMs);
      return await platform.confirm(post, { account, checkpoint: post.checkpoint, timeoutMs: lookTimeoutMs, signal });
    } catch (error) {
      logger.error({ err: error, postId: post.id }, "looking a post up failed unexpectedly");
      return { kind: "cannot_tell", message: "looking it up failed" };
    }
  }

  /** What a restored copy knows of is not all that may have been sent: not finding that proves nothing. */
  function beliefOf({ restored }: UnconfirmedPost, confirmation: Confirmation): Confirmation {
    if (!restored || confirmation.kind !== "absent") return confirmation;
    return {
      kind: "cannot_tell",
      message: "what the restored copy knows of is not there; another version of the post may be",
    };
  }

  return createSweeper(
    { name: "confirmer", intervalMs },
    {
      logger,
      lookout,
      pulse,
      async sweep(_stopping, outlook) {
        if (readable.length === 0 || outlook?.unconfirmedPosts === false) return false;
        const posts = await takeUnconfirmed(database, {
          platforms: readable,
          limit: batchSizeMax,
          lookMs: lookLeaseMs,
        });
        await Promise.all(posts.map(look));
        return posts.length === batchSizeMax;
      },
    },
  );
}

/** What a platform shows that another post of ours is known to be, is not this one, however alike they are. */
async function ownOnly(database: Database, post: UnconfirmedPost, found: Confirmation): Promise<Confirmation> {
  if (found.kind !== "published" || found.externalId === undefined) return found;
  const name = { platform: post.platform, externalId: found.externalId, exceptPostId: post.id };
  if (!(await isExternalIdTaken(database, name))) return found;
  return { kind: "cannot_tell", message: "what the platform shows is another post of ours" };
}
