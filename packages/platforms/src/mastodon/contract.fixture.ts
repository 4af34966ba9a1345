/** Mastodon, for the suite that holds every adapter to the contract: where keys are honoured, and where they are not. */
import type { ContractFixture } from "@punctual/testing";

export const mastodonFixture: ContractFixture = {
  platform: "mastodon",
  account: (handle) => ({ settings: {}, credentials: { accessToken: `sandbox.${handle}.1` } }),
  ledgerAccount: (handle) => handle,
  kinds: [
    { name: "text", post: (text) => ({ text: `${text} #harvest with @friend@other.example & <more>` }) },
    { name: "link", post: (text) => ({ text, link: "https://shop.example/a/long/path/to/the/harvest?of=2026" }) },
    {
      name: "one image",
      post: (text, samples) => ({ text, media: [{ url: samples.jpeg(), alt: "A basket" }] }),
      shows: /<img src="[^"]+" alt="A basket"/,
    },
    {
      name: "several images",
      post: (text, samples) => ({ text, media: [{ url: samples.png(), alt: "First" }, { url: samples.gif() }] }),
      shows: /alt="First"/,
    },
    {
      name: "video",
      post: (text, samples) => ({ text, media: [{ url: samples.mp4(), alt: "A film" }] }),
      shows: /<video src="[^"]+" aria-label="A film"/,
    },
    {
      name: "content warning",
      post: (text) => ({
        text,
        options: { spoilerText: "Apples inside", visibility: "unlisted", language: "en", sensitive: true },
      }),
      shows: /<summary dir="auto">Apples inside<\/summary>[^]*unlisted[^]*in en/,
    },
  ],
  refusals: [
    { name: "no token", stage: "publish", status: 401, outcome: { kind: "reconnect", category: "auth" } },
    {
      name: "no token, while preparing",
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
      name: "content refused",
      stage: "publish",
      status: 422,
      outcome: { kind: "rejected", category: "rejected", code: "http_422" },
    },
    {
      name: "media not ready",
      stage: "publish",
      status: 422,
      body: { error: "Cannot attach files that have not finished processing. Try again in a moment!" },
      outcome: { kind: "retry", category: "platform" },
    },
    { name: "media refused", stage: "prepare", status: 422, outcome: { kind: "rejected", category: "rejected" } },
    {
      name: "platform down, while preparing",
      stage: "prepare",
      status: 500,
      outcome: { kind: "retry", category: "platform" },
    },
    { name: "platform down", stage: "publish", status: 503, outcome: { kind: "unknown" } },
    {
      name: "too many calls, while preparing",
      stage: "prepare",
      status: 429,
      retryAfter: 60,
      outcome: { kind: "wait", scope: "account" },
    },
  ],
};

/** On a server that publishes a repeat again. */
export const mastodonUntrustedFixture: ContractFixture = {
  ...mastodonFixture,
  name: "mastodon*",
  account: (handle) => ({
    settings: { trustIdempotencyKey: false },
    credentials: { accessToken: `sandbox.${handle}.1` },
  }),
  toldToSandbox: { idempotencyKeys: "ignored" },
  refusals: [],
};
