/** LinkedIn's adapter, held to the contract: as an organization, whose posts can be listed. */
import { createHash } from "node:crypto";
import type { ContractFixture } from "@punctual/testing";

/** The organization the stand-in lets a handle look after. */
function author(handle: string): string {
  const digest = createHash("sha256").update(`${handle}\nCompany`).digest();
  return `urn:li:organization:${10_000_000 + (digest.readUIntBE(0, 6) % 90_000_000)}`;
}

export const linkedinFixture: ContractFixture = {
  platform: "linkedin",
  account: (handle) => ({
    settings: { author: author(handle) },
    credentials: { accessToken: `sandbox.${handle}.1`, refreshToken: `refresh.${handle}.1` },
  }),
  ledgerAccount: author,
  tokenHandle: (handle) => handle,
  kinds: [
    { name: "text", post: (text) => ({ text }) },
    {
      name: "link",
      post: (text) => ({ text, link: "https://example.com/story", options: { linkTitle: "A story" } }),
      shows: /example\.com\/story/,
    },
    {
      name: "one image",
      post: (text, samples) => ({ text, media: [{ url: samples.jpeg(), alt: "A picture" }] }),
      shows: /A picture/,
    },
    {
      name: "several images",
      post: (text, samples) => ({
        text,
        media: [
          { url: samples.png(), alt: "One" },
          { url: samples.gif(), alt: "Two" },
        ],
      }),
      shows: /Two/,
    },
    {
      name: "video",
      post: (text, samples) => ({ text, media: [{ url: samples.mp4(), alt: "A film" }] }),
      shows: /A film/,
    },
  ],
  refusals: [
    {
      name: "server in trouble while preparing",
      stage: "prepare",
      status: 503,
      outcome: { kind: "retry", category: "platform" },
    },
    {
      name: "token refused while preparing",
      stage: "prepare",
      status: 401,
      outcome: { kind: "reconnect", category: "auth" },
    },
    { name: "token revoked", stage: "publish", status: 401, outcome: { kind: "reconnect", category: "auth" } },
    {
      name: "permission missing",
      stage: "publish",
      status: 403,
      outcome: { kind: "reconnect", category: "permission" },
    },
    { name: "version gone", stage: "publish", status: 426, outcome: { kind: "retry", category: "internal" } },
    {
      name: "content refused",
      stage: "publish",
      status: 422,
      body: { status: 422, code: "INVALID_VALUE_FOR_FIELD", message: "not like this" },
      outcome: { kind: "rejected", category: "rejected", code: "invalid_value_for_field" },
    },
    {
      name: "duplicate",
      stage: "publish",
      status: 422,
      body: {
        status: 422,
        message: "Content is a duplicate of urn:li:share:7141138937766391808",
        errorDetails: { inputErrors: [{ code: "DUPLICATE_POST" }] },
      },
      outcome: { kind: "rejected", category: "duplicate", externalId: "urn:li:share:7141138937766391808" },
    },
    {
      name: "limit with a time",
      stage: "publish",
      status: 429,
      retryAfter: 30,
      outcome: { kind: "wait", waitMs: 30_000 },
    },
  ],
};

/** As a member, whose posts cannot be listed: whether one whose answer got lost is there, a person must say. */
export const linkedinMemberFixture: ContractFixture = {
  ...linkedinFixture,
  name: "linkedin*",
  account: (handle) => ({
    settings: { author: `urn:li:person:${handle}` },
    credentials: { accessToken: `sandbox.${handle}.1`, refreshToken: `refresh.${handle}.1` },
  }),
  ledgerAccount: (handle) => `urn:li:person:${handle}`,
  readable: false,
  refusals: [],
};
