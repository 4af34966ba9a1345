/**
 * Clients changing their minds: cancelling, editing, rescheduling, most of all around the instant itself, where they
 * race with publishing. Whatever the API answers is taken at its word.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Answer } from "./api-client.ts";
import type { Dice } from "./dice.ts";
import type { JournalPost, Version } from "./journal.ts";
import type { Stage } from "./stage.ts";

export interface SecondThoughts {
  about(posts: readonly JournalPost[]): Promise<void>;
  /** Pauses an account for a while; gives up resuming only once it succeeded. */
  pauseSomeAccount(): Promise<void>;
  /** Sends failed posts again. */
  retrySome(): Promise<void>;
  cancel(post: JournalPost): Promise<void>;
  edit(post: JournalPost, change: { text: boolean; time: boolean }): Promise<void>;
}

/** Racing means within this of the instant, in milliseconds, on either side. */
const raceMs = 120;

export function createSecondThoughts({ client, journal, fleet }: Stage, dice: Dice): SecondThoughts {
  const paused = new Set<string>();

  async function think(post: JournalPost, rolls: Dice): Promise<void> {
    const what = rolls.roll();
    if (what < 0.1) {
      await untilWorstMoment(post, rolls);
      await cancel(post, rolls);
    } else if (what < 0.3) {
      await untilWorstMoment(post, rolls);
      await edit(post, { text: what < 0.2 || rolls.chance(0.3), time: what >= 0.2 }, rolls);
      if (rolls.chance(0.3)) await edit(post, { text: true, time: false }, rolls);
      if (rolls.chance(0.2)) await cancel(post, rolls);
    }
  }

  async function untilWorstMoment(post: JournalPost, rolls: Dice): Promise<void> {
    const dueAt = post.versions.at(-1)?.scheduledAt ?? Date.now();
    const left = dueAt - Date.now();
    const waitMs = post.far || rolls.chance(0.4) ? rolls.between(0, 2_000) : left + rolls.between(-raceMs, raceMs);
    if (waitMs > 0) await pause(waitMs);
  }

  async function cancel(post: JournalPost, rolls: Dice): Promise<void> {
    // Cancelling twice is harmless, so a client without an answer asks again.
    for (let tries = 0; tries < 3; tries += 1) {
      const answer = await client.call("DELETE", `/v1/posts/${post.id}`);
      if (answer?.status === 200) {
        if (answer.body["status"] !== "cancelled") complain(post, "200 to cancelling, but not cancelled", answer);
        post.cancelledAt = Date.now();
        return;
      }
      if (answer !== null && answer.status < 500) return expectTooLate(post, answer);
      await pause(rolls.between(50, 400));
    }
  }

  async function edit(post: JournalPost, change: { text: boolean; time: boolean }, rolls: Dice): Promise<void> {
    // Without an answer to the edit before, a client does not know what it would be changing.
    if (post.cancelledAt !== null || post.versions.at(-1)?.state === "asked") return;
    const aheadMs = post.far ? 8 * 3_600_000 : rolls.between(0, 8_000);
    const scheduledAt = change.time ? Date.now() + aheadMs : null;
    const version = journal.newVersion(post, { text: change.text, scheduledAt });
    const body = {
      ...(change.text ? { text: version.text } : {}),
      ...(scheduledAt === null ? {} : { scheduledAt: new Date(scheduledAt).toISOString() }),
    };
    const answer = await client.call("PATCH", `/v1/posts/${post.id}`, body);
    if (answer?.status === 200) return acknowledge(post, version, answer);
    if (answer === null || answer.status >= 500) return;
    version.state = "refused";
    expectTooLate(post, answer);
  }

  function acknowledge(post: JournalPost, version: Version, answer: Answer): void {
    version.state = "acknowledged";
    if (answer.body["text"] !== version.text) complain(post, "an edit was answered with another text", answer);
  }

  function expectTooLate(post: JournalPost, answer: Answer): void {
    const { code } = answer.body;
    if (answer.status === 409 && (code === "too_late" || code === "unconfirmed")) return;
    complain(post, "neither done nor too late", answer);
  }

  function complain(post: JournalPost, what: string, { status, body }: Answer): void {
    journal.complaints.push({ post: post.id, what: `${what}: ${status} ${JSON.stringify(body).slice(0, 300)}` });
  }

  async function insist(path: string): Promise<boolean> {
    for (;;) {
      const answer = await client.call("POST", path);
      if (answer !== null && answer.status < 500) return answer.status === 200;
      await pause(300);
    }
  }

  return {
    cancel: (post) => cancel(post, dice.fork(`cancel ${post.nonce}`)),
    edit: (post, change) => edit(post, change, dice.fork(`edit ${post.nonce}`)),
    async about(posts) {
      await Promise.all(posts.map((post) => think(post, dice.fork(`thoughts ${post.nonce}`))));
    },
    async pauseSomeAccount() {
      const { id } = dice.pick(fleet.accounts);
      const forMs = dice.between(500, 3_000);
      if (paused.has(id)) return;
      paused.add(id);
      if (await insist(`/v1/social-accounts/${id}/pause`)) {
        const from = Date.now();
        await pause(forMs);
        journal.pauses.push({ accountId: id, from, until: Date.now() });
        const resumed = await insist(`/v1/social-accounts/${id}/resume`);
        if (!resumed) journal.complaints.push({ post: null, what: `account ${id} cannot be resumed` });
      }
      paused.delete(id);
    },
    async retrySome() {
      const failed = await client.call("GET", "/v1/posts?status=failed&limit=20");
      if (failed?.status !== 200) return;
      for (const { id } of (failed.body as { data: { id: string }[] }).data) {
        if (dice.chance(0.3)) await client.call("POST", `/v1/posts/${id}/retry`);
      }
    },
  };
}
