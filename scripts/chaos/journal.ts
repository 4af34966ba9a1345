/**
 * What the clients know: every post they asked for, every version they gave it, and what was acknowledged. The other
 * half of the truth is the sandbox's ledger; the program under test has no say.
 */

export interface Version {
  text: string;
  /** Null: as soon as it is accepted. */
  scheduledAt: number | null;
  /** `asked`: no answer came, it may be in force or not. `refused`: certainly not. */
  state: "asked" | "acknowledged" | "refused";
}

export interface JournalPost {
  /** Unique in the run, and at the head of every text. */
  nonce: string;
  platform: string;
  accountId: string;
  hasPicture: boolean;
  /** Known once acknowledged. */
  id: string | null;
  /** In the order they were asked for; the first is the creation. */
  versions: Version[];
  /** When "cancelled" was acknowledged. */
  cancelledAt: number | null;
  /** Due in hours: holds one live job at the end. */
  far: boolean;
}

export interface Pause {
  accountId: string;
  /** When "paused" was acknowledged. */
  from: number;
  /** When resuming was asked for. */
  until: number;
}

export interface Journal {
  readonly posts: JournalPost[];
  readonly pauses: Pause[];
  /** What the API must never have done, in words. */
  readonly complaints: { post: string | null; what: string }[];
  newPost(
    post: Pick<JournalPost, "platform" | "accountId" | "far"> & { hasPicture?: boolean; scheduledAt: number | null },
  ): JournalPost;
  /** A further version of a post, about to be asked for. */
  newVersion(post: JournalPost, change: { text: boolean; scheduledAt: number | null }): Version;
}

export function createJournal(seed: number): Journal {
  const posts: JournalPost[] = [];
  return {
    posts,
    pauses: [],
    complaints: [],
    newPost({ platform, accountId, hasPicture = false, far, scheduledAt }) {
      const nonce = `${seed}-${posts.length + 1}`;
      const described = { nonce, platform, accountId, hasPicture, far };
      const post: JournalPost = { ...described, id: null, versions: [], cancelledAt: null };
      post.versions.push({ text: textOf(nonce, 1), scheduledAt, state: "asked" });
      posts.push(post);
      return post;
    },
    newVersion(post, { text, scheduledAt }) {
      // What was refused is not in force, and what it would have been is nobody's business.
      const last = post.versions.findLast(({ state }) => state !== "refused") as Version;
      const version: Version = {
        text: text ? textOf(post.nonce, post.versions.length + 1) : last.text,
        scheduledAt: scheduledAt ?? last.scheduledAt,
        state: "asked",
      };
      post.versions.push(version);
      return version;
    },
  };
}

function textOf(nonce: string, version: number): string {
  return `chaos ${nonce} version ${version}`;
}

/** The nonce in a text of ours. */
export function nonceOf(text: string): string | null {
  return /^chaos (\S+) version \d+$/.exec(text)?.[1] ?? null;
}
