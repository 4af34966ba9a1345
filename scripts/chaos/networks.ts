/**
 * The shipped networks as a run uses them: accounts at the sandbox's stand-ins, of every sort that is promised something
 * of its own, and what each network's answers are worth.
 */

export interface NetworkAccount {
  settings: Readonly<Record<string, unknown>>;
  credentials: Readonly<Record<string, unknown>>;
  /** What the stand-in calls it, in its ledger and in faults. */
  ledgerAccount: string;
  /** What the stand-in is told of it. */
  told?: Readonly<Record<string, unknown>>;
}

export interface Network {
  name: string;
  /** Of posts, how many have a picture. */
  pictureShare: number;
  /** Of a send in a run, in milliseconds: 4 s for the call, and what the adapter keeps for a look afterwards. */
  sendTimeoutMs: number;
  /** Whether it was seen to answer 4xx to the call that publishes, and to publish all the same. */
  liesWith4xx: boolean;
  /** Whether a refused token can be exchanged for another. */
  isRenewable: boolean;
  /** Takes turns; each handle is another account. */
  sorts: readonly ((handle: string) => NetworkAccount)[];
}

const usual = { pictureShare: 0.3, sendTimeoutMs: 4_000, liesWith4xx: false, isRenewable: false } as const;
/** The adapters of the Graph API keep 8 s of a send for the look that may have to follow. */
const graph = { ...usual, sendTimeoutMs: 12_000, liesWith4xx: true } as const;

export const networks: readonly Network[] = [
  {
    name: "facebook",
    ...graph,
    sorts: [
      (handle) => facebookPage(handle, {}),
      // Its posts are made unpublished first, and can be read.
      (handle) => facebookPage(handle, { twoStepPublish: true }),
    ],
  },
  {
    name: "instagram",
    ...graph,
    pictureShare: 1,
    sorts: [
      (handle) => ({ settings: { userId: numberOf(handle) }, ...holder(handle), ledgerAccount: numberOf(handle) }),
    ],
  },
  {
    name: "linkedin",
    ...usual,
    isRenewable: true,
    sorts: [
      (handle) => linkedinAuthor(handle, `urn:li:organization:${numberOf(handle)}`),
      // Whose posts nobody can list.
      (handle) => linkedinAuthor(handle, `urn:li:person:${handle}`),
    ],
  },
  {
    name: "mastodon",
    ...usual,
    sorts: [
      (handle) => ({ settings: {}, ...holder(handle), ledgerAccount: handle }),
      // On a server that publishes a repeat again.
      (handle) => {
        const told = { idempotencyKeys: "ignored" };
        return { settings: { trustIdempotencyKey: false }, ...holder(handle), ledgerAccount: handle, told };
      },
    ],
  },
  {
    name: "bluesky",
    ...usual,
    isRenewable: true,
    sorts: [
      (handle) => {
        const identifier = `${handle}.test`;
        const credentials = { identifier, appPassword: `sandbox.${identifier}.1` };
        return { settings: {}, credentials, ledgerAccount: identifier };
      },
    ],
  },
];

export const networkNamed: ReadonlyMap<string, Network> = new Map(networks.map((network) => [network.name, network]));

/** @param number each is another account */
export function networkAccount({ sorts }: Network, number: number): NetworkAccount {
  const sort = sorts[(number - 1) % sorts.length];
  if (sort === undefined) throw new Error("there is no such account");
  return sort(`chaos${number}`);
}

/** Half of a run is for the webhook and the test networks, where every part is looked at closest, half for the others. */
export function sharesOf(platforms: readonly string[]): { platform: string; weight: number }[] {
  const shipped = platforms.filter((platform) => networkNamed.has(platform)).length;
  return platforms.map((platform) => ({
    platform,
    weight: 1 / (networkNamed.has(platform) ? shipped : platforms.length - shipped),
  }));
}

function facebookPage(handle: string, more: Record<string, unknown>): NetworkAccount {
  const pageId = numberOf(handle);
  return { settings: { pageId, ...more }, ...holder(handle), ledgerAccount: pageId };
}

function linkedinAuthor(handle: string, author: string): NetworkAccount {
  const credentials = { accessToken: `sandbox.${handle}.1`, refreshToken: `refresh.${handle}.1` };
  return { settings: { author }, credentials, ledgerAccount: author };
}

/** The sandbox takes such a token from whoever it names. */
function holder(handle: string): Pick<NetworkAccount, "credentials"> {
  return { credentials: { accessToken: `sandbox.${handle}.1` } };
}

function numberOf(handle: string): string {
  return handle.replace(/^\D+/, "").padStart(17, "1784140000000000");
}
