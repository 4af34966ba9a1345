/**
 * The demo company's accounts: one on each platform, all of the sandbox's `demo`. Their ids are fixed, so that addresses
 * people wrote down stay good; on the networks they are whom somebody who logs in there as `demo` connects, so that
 * connecting one again reconnects it.
 */
import { randomBytes } from "node:crypto";
import type { DemoAccount } from "@punctual/db";

export interface DemoNetworkAccount extends DemoAccount {
  /** What the sandbox calls it. */
  sandboxAccount: string;
}

export const demoWebhookAccountId = "01900000-0000-7000-8000-000000000003";

/** With credentials for those that are not there yet. */
export function demoAccounts(): DemoNetworkAccount[] {
  const token = { accessToken: "sandbox.demo.1" };
  const handle = "demo.example";
  return [
    {
      id: demoWebhookAccountId,
      platform: "webhook",
      name: "Demo webhook",
      settings: {},
      credentials: { secret: `whsec_${randomBytes(32).toString("base64")}` },
      sandboxAccount: demoWebhookAccountId,
    },
    {
      id: "01900000-0000-7000-8000-000000000004",
      platform: "facebook",
      name: "Demo Facebook Page",
      settings: { pageId: "192335421588862" },
      credentials: token,
      sandboxAccount: "192335421588862",
    },
    {
      id: "01900000-0000-7000-8000-000000000005",
      platform: "instagram",
      name: "Demo Instagram account",
      settings: { userId: "10042066406775242" },
      credentials: token,
      sandboxAccount: "10042066406775242",
    },
    {
      id: "01900000-0000-7000-8000-000000000006",
      platform: "linkedin",
      name: "Demo LinkedIn organization",
      settings: { author: "urn:li:organization:79262822" },
      credentials: token,
      sandboxAccount: "urn:li:organization:79262822",
    },
    {
      id: "01900000-0000-7000-8000-000000000007",
      platform: "mastodon",
      name: "Demo Mastodon account",
      settings: { account: "demo@sandbox" },
      credentials: token,
      sandboxAccount: "demo",
    },
    {
      id: "01900000-0000-7000-8000-000000000008",
      platform: "bluesky",
      name: "Demo Bluesky account",
      settings: {},
      credentials: { identifier: handle, appPassword: `sandbox.${handle}.1` },
      sandboxAccount: handle,
    },
  ];
}
