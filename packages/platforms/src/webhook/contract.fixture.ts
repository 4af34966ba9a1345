/** The webhook, for the suite that holds every adapter to the contract. */
import type { ContractFixture } from "@punctual/testing";

export const webhookFixture: ContractFixture = {
  platform: "webhook",
  account: () => ({ settings: {}, credentials: { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } }),
  ledgerAccount: () => "",
  revocable: false,
  kinds: [
    { name: "text", post: (text) => ({ text }) },
    { name: "link", post: (text) => ({ text, link: "https://shop.example/" }), shows: /https:\/\/shop\.example\// },
    {
      name: "one image",
      post: (text, samples) => ({ text, media: [{ url: samples.png(), alt: "A basket" }] }),
      shows: /A basket/,
    },
  ],
  refusals: [
    { name: "not signed rightly", stage: "publish", status: 401, outcome: { kind: "rejected", category: "rejected" } },
    { name: "content refused", stage: "publish", status: 422, outcome: { kind: "rejected", code: "http_422" } },
    { name: "gone", stage: "publish", status: 410, outcome: { kind: "rejected", code: "http_410" } },
    { name: "too early", stage: "publish", status: 425, outcome: { kind: "retry", category: "platform" } },
    {
      name: "platform down",
      stage: "publish",
      status: 503,
      retryAfter: 60,
      outcome: { kind: "retry", category: "platform", notBeforeMs: 60_000 },
    },
  ],
};
