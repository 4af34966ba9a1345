/** Facebook, for the suite that holds every adapter to the contract. */
import type { ContractFixture } from "@punctual/testing";
import { numericId } from "../graph/numeric-id.fixture.ts";

const error = (code: number, subcode?: number) => {
  return { error: { code, ...(subcode === undefined ? {} : { error_subcode: subcode }), message: "No" } };
};

export const facebookFixture: ContractFixture = {
  platform: "facebook",
  account: (handle) => ({
    settings: { pageId: numericId(handle) },
    credentials: { accessToken: `sandbox.${handle}.1` },
  }),
  ledgerAccount: numericId,
  tokenHandle: (handle) => handle,
  liesWith4xx: true,
  limitStage: "read",
  kinds: [
    { name: "text", post: (text) => ({ text }) },
    { name: "link", post: (text) => ({ text, link: "https://shop.example/" }), shows: /https:\/\/shop\.example\// },
    {
      name: "one image",
      post: (text, samples) => ({ text, media: [{ url: samples.png(), alt: "A basket" }] }),
      shows: /<img src="[^"]+" alt="A basket"/,
    },
    {
      name: "several images",
      post: (text, samples) => ({
        text,
        media: [{ url: samples.png(), alt: "First" }, { url: samples.gif() }, { url: samples.jpeg(), alt: "Third" }],
      }),
      shows: /alt="First"[^]*alt="Third"/,
    },
    {
      name: "video",
      post: (text, samples) => ({ text, media: [{ url: samples.mp4() }] }),
      shows: /<video/,
      isProvable: true,
    },
    {
      name: "reel",
      post: (text, samples) => ({ text, media: [{ url: samples.mp4() }], options: { reel: true } }),
      shows: /<video/,
    },
  ],
  refusals: [
    { name: "token revoked", stage: "read", status: 401, outcome: { kind: "reconnect", category: "auth" } },
    {
      name: "role lost",
      stage: "read",
      status: 400,
      body: error(190, 492),
      outcome: { kind: "reconnect", category: "auth", code: "graph_190_492" },
    },
    { name: "permission missing", stage: "read", status: 403, outcome: { kind: "reconnect", category: "permission" } },
    { name: "app's limit", stage: "read", status: 400, body: error(4), outcome: { kind: "wait", scope: "app" } },
    { name: "platform down", stage: "publish", status: 503, outcome: { kind: "unknown" } },
    {
      name: "an answer that proves nothing",
      stage: "publish",
      status: 400,
      kind: "text",
      outcome: { kind: "unknown" },
    },
    {
      name: "content refused, and proved so",
      stage: "publish",
      kind: "reel",
      status: 400,
      body: error(368),
      outcome: { kind: "rejected", category: "rejected", code: "graph_368" },
    },
    {
      name: "upload refused",
      stage: "prepare",
      kind: "one image",
      status: 400,
      body: error(1, 1_366_046),
      outcome: { kind: "rejected", category: "rejected", code: "graph_1_1366046" },
    },
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

/** Everything made unpublished ahead, so that every post has an id before it is seen. */
export const facebookTwoStepFixture: ContractFixture = {
  ...facebookFixture,
  name: "facebook*",
  account: (handle) => ({
    settings: { pageId: numericId(handle), twoStepPublish: true },
    credentials: { accessToken: `sandbox.${handle}.1` },
  }),
  kinds: facebookFixture.kinds.map((kind) => ({ ...kind, isProvable: true })),
  refusals: [
    { name: "platform down", stage: "publish", status: 503, outcome: { kind: "unknown" } },
    {
      name: "content refused, and proved so",
      stage: "publish",
      kind: "one image",
      status: 400,
      body: error(368),
      outcome: { kind: "rejected", category: "rejected", code: "graph_368" },
    },
  ],
};
