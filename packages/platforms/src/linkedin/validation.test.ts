import type { PostContent } from "@punctual/core";
import { describe, expect, test } from "vitest";
import { validateLinkedInAccount, validateLinkedInPost } from "./validation.ts";

const account = (settings: Record<string, unknown>, credentials: Record<string, unknown> = { accessToken: "t" }) =>
  validateLinkedInAccount({ settings, credentials }).map(({ path, code }) => [path, code]);

function issues(post: Partial<PostContent>) {
  const whole = { text: "Hello", media: [], link: null, options: {}, metadata: {}, ...post };
  return validateLinkedInPost(whole, false).map(({ path, code }) => [path, code]);
}

describe("an account", () => {
  test.each(["urn:li:person:a-B_9", "urn:li:organization:4711"])("of %s will do", (author) => {
    expect(account({ author }, { accessToken: "t", refreshToken: "r", expiresAt: "2027-01-31T12:00:00Z" })).toEqual([]);
  });

  test.each([
    [{}, undefined, ["/settings/author", "required"]],
    [{ author: "urn:li:organization:acme" }, undefined, ["/settings/author", "invalid_author"]],
    [{ author: "urn:li:person:a/../b" }, undefined, ["/settings/author", "invalid_author"]],
    [{ author: "urn:li:person:a", page: 1 }, undefined, ["/settings/page", "unknown_field"]],
    [{ author: "urn:li:person:a" }, {}, ["/credentials/accessToken", "required"]],
    [{ author: "urn:li:person:a" }, { accessToken: "a b" }, ["/credentials/accessToken", "invalid_token"]],
    [{ author: "urn:li:person:a" }, { accessToken: "a\r\nx: y" }, ["/credentials/accessToken", "invalid_token"]],
    [
      { author: "urn:li:person:a" },
      { accessToken: "t", refreshToken: 1 },
      ["/credentials/refreshToken", "invalid_token"],
    ],
    [
      { author: "urn:li:person:a" },
      { accessToken: "t", expiresAt: "soon" },
      ["/credentials/expiresAt", "invalid_time"],
    ],
  ])("%o with %o is refused", (settings, credentials, expected) => {
    expect(account(settings, credentials)).toEqual([expected]);
  });
});

describe("a post", () => {
  const media = (count: number) => Array.from({ length: count }, () => ({ url: "https://example.com/a.jpg" }));
  const link = "https://example.com";

  test("counts its text as readers see it, at most 3,000", () => {
    const mention = "@[Acme](urn:li:organization:1)";
    expect(issues({ text: "(".repeat(3_000) })).toEqual([]);
    expect(issues({ text: mention + "x".repeat(2_996) })).toEqual([]);
    expect(issues({ text: "x".repeat(3_001) })).toEqual([["/text", "text_too_long"]]);
  });

  test.each([
    [{ text: " " }, ["/text", "empty_post"]],
    [{ media: media(21) }, ["/media", "too_many_media"]],
    [{ media: media(2), link }, ["/media", "link_with_media"]],
    [{ media: [{ url: "https://example.com/a.jpg", alt: "x".repeat(4_087) }] }, ["/media/0/alt", "alt_too_long"]],
    [{ media: [{ url: "http://127.0.0.1/a.jpg" }] }, ["/media/0/url", "private_address"]],
    [{ link: `https://example.com/${"x".repeat(2_048)}` }, ["/link", "link_too_long"]],
    [{ options: { visibility: "FRIENDS" } }, ["/options/visibility", "invalid_option"]],
    [{ options: { disableReshare: "yes" } }, ["/options/disableReshare", "invalid_option"]],
    [{ options: { linkTitle: "A" } }, ["/options/linkTitle", "option_without_link"]],
    [{ link, options: { linkTitle: "" } }, ["/options/linkTitle", "invalid_option"]],
    [{ link, options: { linkDescription: "x".repeat(4_087) } }, ["/options/linkDescription", "invalid_option"]],
    [{ options: { spoilerText: "x" } }, ["/options/spoilerText", "unknown_option"]],
  ])("is refused where it does not fit: %#", (post, expected) => {
    expect(issues(post)).toEqual([expected]);
  });

  test("may be media alone, or a link with its picture and words", () => {
    expect(issues({ text: "", media: media(20) })).toEqual([]);
    const options = { linkTitle: "A", linkDescription: "B", visibility: "CONNECTIONS", disableReshare: true };
    expect(issues({ link, media: media(1), options })).toEqual([]);
  });
});
