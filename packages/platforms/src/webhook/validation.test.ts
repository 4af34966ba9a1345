import { randomBytes } from "node:crypto";
import type { PostContent } from "@punctual/core";
import { describe, expect, test } from "vitest";
import { webhookLimits } from "./limits.ts";
import { validateWebhookAccount, validateWebhookPost, type WebhookAccountDraft } from "./validation.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;

function account(changes: Partial<WebhookAccountDraft> = {}): WebhookAccountDraft {
  return { settings: { url: "https://example.com/hook" }, credentials: { secret }, sandbox: false, ...changes };
}

function post(changes: Partial<PostContent> = {}): PostContent {
  return { text: "A post", media: [], link: null, options: {}, metadata: {}, ...changes };
}

function faults(draft: WebhookAccountDraft, allowPrivateNetworks = false): string[] {
  return validateWebhookAccount(draft, allowPrivateNetworks).map(({ path, code }) => `${path} ${code}`);
}

function postFaults(changes: Partial<PostContent>, allowPrivateNetworks = false): string[] {
  return validateWebhookPost(post(changes), allowPrivateNetworks).map(({ path, code }) => `${path} ${code}`);
}

describe("an account", () => {
  test.each(["https://example.com/hook", "http://example.com:8080/", "https://1.1.1.1/?a=b#c", "HTTPS://EXAMPLE.COM"])(
    "may deliver to %s",
    (url) => expect(faults(account({ settings: { url } }))).toEqual([]),
  );

  test.each([
    ["nothing", undefined, "required"],
    ["null", null, "invalid_url"],
    ["a number", 7, "invalid_url"],
    ["an empty text", "", "invalid_url"],
    ["no URL", "example.com/hook", "invalid_url"],
    ["a path", "/hook", "invalid_url"],
    ["a file", "file:///etc/passwd", "invalid_url"],
    ["a script", "javascript:alert(1)", "invalid_url"],
    ["a password", "https://user:password@example.com/", "invalid_url"],
    ["a user", "https://user@example.com/", "invalid_url"],
    ["a URL too long", `https://example.com/${"x".repeat(webhookLimits.urlLengthMax)}`, "invalid_url"],
    ["loopback", "http://127.0.0.1:3000/", "private_address"],
    ["loopback, oddly spelled", "http://0x7f.1/", "private_address"],
    ["loopback by name", "https://localhost/hook", "private_address"],
    ["cloud metadata", "http://169.254.169.254/latest/", "private_address"],
  ])("cannot deliver to %s", (_what, url, code) => {
    expect(faults(account({ settings: { url } }))).toEqual([`/settings/url ${code}`]);
  });

  test("may deliver to private addresses where the installation allows it", () => {
    expect(faults(account({ settings: { url: "http://127.0.0.1:3000/" } }), true)).toEqual([]);
  });

  test("of the sandbox needs no URL, and one it has must still be right", () => {
    expect(faults(account({ settings: {}, sandbox: true }))).toEqual([]);
    expect(faults(account({ settings: { url: "nonsense" }, sandbox: true }))).toEqual(["/settings/url invalid_url"]);
  });

  test.each([
    ["nothing", undefined, "required"],
    ["null", null, "invalid_secret"],
    ["no prefix", secret.slice(6), "invalid_secret"],
    ["23 bytes", `whsec_${randomBytes(23).toString("base64")}`, "invalid_secret"],
    ["65 bytes", `whsec_${randomBytes(65).toString("base64")}`, "invalid_secret"],
  ])("cannot sign with %s", (_what, given, code) => {
    expect(faults(account({ credentials: { secret: given } }))).toEqual([`/credentials/secret ${code}`]);
  });

  test.each([24, 64])("may sign with %i bytes", (length) => {
    const fitting = `whsec_${randomBytes(length).toString("base64")}`;
    expect(faults(account({ credentials: { secret: fitting } }))).toEqual([]);
  });

  test("is told every fault at once, and none of its secrets", () => {
    const draft = account({ settings: { url: "nonsense", colour: 1 }, credentials: { secret: "hunter2", token: "t" } });
    expect(faults(draft).toSorted()).toEqual([
      "/credentials/secret invalid_secret",
      "/credentials/token unknown_field",
      "/settings/colour unknown_field",
      "/settings/url invalid_url",
    ]);
    expect(JSON.stringify(validateWebhookAccount(draft, false))).not.toContain("hunter2");
  });
});

describe("a post", () => {
  const media = (count: number) => Array.from({ length: count }, () => ({ url: "https://example.com/a.jpg" }));

  test("may use the limits to the full", () => {
    const { textCharactersMax, mediaItemsMax } = webhookLimits;
    expect(postFaults({ text: "x".repeat(textCharactersMax), media: media(mediaItemsMax) })).toEqual([]);
  });

  test("is told every limit it breaks at once, without its text", () => {
    const text = "x".repeat(webhookLimits.textCharactersMax + 1);
    const issues = validateWebhookPost(
      post({ text, media: media(webhookLimits.mediaItemsMax + 1), options: { colour: "red", "a/b~": 1 } }),
      false,
    );
    expect(issues.map(({ path, code }) => `${path} ${code}`)).toEqual([
      "/text text_too_long",
      "/media too_many_media",
      "/options/colour unknown_option",
      "/options/a~1b~0 unknown_option",
    ]);
    expect(issues[0]?.message).toBe("the text has 100001 characters, at most 100000 are allowed");
  });

  test.each(["http://127.0.0.1/a.jpg", "http://0x7f.1/a.jpg", "https://localhost/a.jpg", "http://[fe80::1]/a.jpg"])(
    "may not point its readers to %s, unless the installation allows it",
    (url) => {
      const pointing = { media: [...media(1), { url }] };
      expect(postFaults(pointing)).toEqual(["/media/1/url private_address"]);
      expect(postFaults(pointing, true)).toEqual([]);
    },
  );
});
