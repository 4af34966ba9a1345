/** Bluesky, for the suite that holds every adapter to the contract. */
import type { ContractFixture } from "@punctual/testing";

export const blueskyFixture: ContractFixture = {
  platform: "bluesky",
  account: (handle) => ({
    settings: {},
    credentials: { identifier: `${handle}.test`, appPassword: `sandbox.${handle}.test.1` },
  }),
  ledgerAccount: (handle) => `${handle}.test`,
  publicCredentials: ["identifier", "did"],
  kinds: [
    { name: "text", post: (text) => ({ text: `${text} #harvest https://shop.example` }) },
    {
      name: "link",
      post: (text, samples) => ({ text, link: samples.page() }),
      shows: /<strong dir="auto">A page<\/strong>/,
    },
    {
      name: "one image",
      post: (text, samples) => ({ text, media: [{ url: samples.jpeg(), alt: "A basket" }] }),
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
    { name: "mention", post: (text) => ({ text: `${text} with @friend.example.com` }) },
  ],
  refusals: [
    {
      name: "session over",
      stage: "publish",
      status: 400,
      body: { error: "ExpiredToken", message: "Token has expired" },
      outcome: { kind: "reconnect", category: "auth", code: "ExpiredToken" },
    },
    {
      name: "session over, while preparing",
      stage: "prepare",
      kind: "one image",
      status: 400,
      body: { error: "InvalidToken", message: "Token could not be verified" },
      outcome: { kind: "reconnect", category: "auth", code: "InvalidToken" },
    },
    { name: "no token", stage: "publish", status: 401, outcome: { kind: "reconnect", category: "auth" } },
    {
      name: "account taken down",
      stage: "publish",
      status: 403,
      outcome: { kind: "reconnect", category: "permission" },
    },
    {
      name: "account deactivated",
      stage: "publish",
      status: 400,
      body: { error: "RepoDeactivated", message: "Repo has been deactivated" },
      outcome: { kind: "reconnect", category: "permission", code: "RepoDeactivated" },
    },
    {
      name: "content refused",
      stage: "publish",
      status: 400,
      body: { error: "InvalidRequest", message: "Invalid app.bsky.feed.post record: Record/text is too long" },
      outcome: { kind: "rejected", category: "rejected", code: "InvalidRequest" },
    },
    {
      name: "upload too large",
      stage: "prepare",
      kind: "one image",
      status: 413,
      outcome: { kind: "rejected", category: "rejected" },
    },
    {
      name: "upload collected",
      stage: "publish",
      kind: "one image",
      status: 400,
      body: { error: "BlobNotFound", message: "Could not find blob: bafkrei" },
      outcome: { kind: "retry", category: "platform", code: "BlobNotFound" },
    },
    {
      name: "something else there",
      stage: "publish",
      status: 400,
      body: { error: "InvalidSwap", message: "Record was at bafyrei" },
      outcome: { kind: "rejected", category: "duplicate", code: "InvalidSwap" },
    },
    {
      name: "platform down, while preparing",
      stage: "prepare",
      kind: "one image",
      status: 503,
      outcome: { kind: "retry", category: "platform" },
    },
    { name: "platform down", stage: "publish", status: 502, outcome: { kind: "unknown" } },
    {
      name: "too many calls, while preparing",
      stage: "prepare",
      kind: "one image",
      status: 429,
      retryAfter: 60,
      outcome: { kind: "wait", scope: "account" },
    },
  ],
};
