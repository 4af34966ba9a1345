/** Letting an account's held posts go, at a pace: what fell due meanwhile does not go out all at once. */
import { formerJob } from "@punctual/core";
import {
  releaseHeldPosts,
  resumeAccount,
  type AccountName,
  type Database,
  type SocialAccountRecord,
} from "@punctual/db";
import type { PublishProducer } from "@punctual/queue";

/** Posts released by one statement. */
const batchSizeMax = 1_000;
/** Left to the workers beyond that: an answer must not take long. */
const batchesMax = 5;

/** Null if the company has no such account. Its posts stay held if it must be reconnected as well. */
export async function resumeAndRelease(
  { database, producer }: { database: Database; producer: PublishProducer },
  account: AccountName,
): Promise<SocialAccountRecord | null> {
  const resumed = await resumeAccount(database, account);
  if (resumed === null) return null;
  await releaseAccountPosts({ database, producer }, resumed.id);
  return resumed;
}

/** Lets held posts of an account go, if it may publish; what is left is the workers' to release. */
export async function releaseAccountPosts(
  { database, producer }: { database: Database; producer: PublishProducer },
  socialAccountId: string,
): Promise<void> {
  for (let batch = 0; batch < batchesMax; batch += 1) {
    const released = await releaseHeldPosts(database, { socialAccountId, limit: batchSizeMax });
    producer.nudge(released);
    producer.discard(released.map(formerJob));
    if (released.length < batchSizeMax) return;
  }
}
