/** Instagram, for the suite that holds every adapter to the contract. */
import type { ContractFixture } from "@punctual/testing";
import { numericId } from "../graph/numeric-id.fixture.ts";

const error = (code: number, subcode?: number) => {
  return { error: { code, ...(subcode === undefined ? {} : { error_subcode: subcode }), message: "No" } };
};

export const instagramFixture: ContractFixture = {
  platform: "instagram",
  account: (handle) => ({
    settings: { userId: numericId(handle) },
    credentials: { accessToken: `sandbox.${handle}.1` },
  }),
  ledgerAccount: numericId,
  tokenHandle: (handle) => handle,
  liesWith4xx: true,
  kinds: [
    {
      name: "one image",
      post: (text, samples) => ({ text, media: [{ url: samples.jpeg(), alt: "A basket" }] }),
      shows: /<img src="[^"]+" alt="A basket"/,
    },
    {
      name: "several images",
      post: (text, samples) => ({
        text,
        media: [{ url: samples.jpeg(), alt: "First" }, { url: samples.mp4() }, { url: samples.jpeg(), alt: "Third" }],
      }),
      shows: /alt="First"[^]*<video[^]*alt="Third"/,
    },
    { name: "reel", post: (text, samples) => ({ text, media: [{ url: samples.mp4() }] }), shows: /<video/ },
  ],
  refusals: [
    { name: "token revoked", stage: "publish", status: 401, outcome: { kind: "reconnect", category: "auth" } },
    {
      name: "token revoked, while preparing",
      stage: "prepare",
      status: 401,
      outcome: { kind: "reconnect", category: "auth" },
    },
    {
      name: "permission missing",
      stage: "publish",
      status: 403,
      outcome: { kind: "reconnect", category: "permission" },
    },
    {
      name: "account restricted",
      stage: "publish",
      status: 400,
      body: error(25, 2_207_050),
      outcome: { kind: "reconnect", category: "permission", code: "graph_25_2207050" },
    },
    {
      name: "taken for spam",
      stage: "publish",
      status: 403,
      body: error(4, 2_207_051),
      outcome: { kind: "wait", scope: "account", code: "graph_4_2207051" },
    },
    {
      name: "quota of the day",
      stage: "publish",
      status: 400,
      body: error(9, 2_207_042),
      outcome: { kind: "wait", scope: "account", code: "graph_9_2207042" },
    },
    {
      name: "content refused, and proved so",
      stage: "publish",
      status: 400,
      outcome: { kind: "rejected", code: "graph_100" },
    },
    {
      name: "media refused",
      stage: "prepare",
      status: 400,
      body: error(36_003, 2_207_009),
      outcome: { kind: "rejected", category: "rejected", code: "graph_36003_2207009" },
    },
    {
      name: "media not fetched",
      stage: "prepare",
      status: 400,
      body: error(9_004, 2_207_052),
      outcome: { kind: "retry", category: "platform", code: "graph_9004_2207052" },
    },
    { name: "platform down", stage: "publish", status: 502, outcome: { kind: "unknown" } },
    {
      name: "platform down, while preparing",
      stage: "prepare",
      status: 503,
      outcome: { kind: "retry", category: "platform" },
    },
    {
      name: "too many calls, while preparing",
      stage: "prepare",
      status: 429,
      retryAfter: 60,
      outcome: { kind: "wait", scope: "account", waitMs: 60_000 },
    },
  ],
};
