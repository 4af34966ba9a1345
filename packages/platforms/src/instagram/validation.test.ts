import type { PostContent } from "@punctual/core";
import { afterAll, describe, expect, test } from "vitest";
import { createPlatforms } from "../registry.ts";

const platforms = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const platform = platforms.byName.get("instagram")!;
const post: PostContent = { text: "Hello", media: [], link: null, options: {}, metadata: {} };

afterAll(() => platforms.stop());

describe("what can be known to be wrong before", () => {
  const items = (count: number) => Array.from({ length: count }, () => ({ url: "https://example.com/a.jpg" }));
  const media = items(1);

  test.each<[content: Partial<PostContent>, issues: string[]]>([
    [{ media }, []],
    [{}, ["/media media_required"]],
    [{ media: items(10) }, []],
    [{ media: items(11) }, ["/media too_many_media"]],
    [{ media: [{ url: "http://127.0.0.1/a.jpg" }, ...items(1)] }, ["/media/0/url private_address"]],
    [{ media, text: "🎉".repeat(2_200) }, []],
    [{ media, text: "x".repeat(2_201) }, ["/text text_too_long"]],
    [{ media, text: "#a ".repeat(30) }, []],
    [{ media, text: "#a ".repeat(31) }, ["/text too_many_hashtags"]],
    [{ media, text: "a#b 1&#2 c@d.example ".repeat(40) }, []],
    [{ media, text: "@a ".repeat(21) }, ["/text too_many_mentions"]],
    [{ media, link: "https://example.com/" }, ["/link link_unsupported"]],
    [{ media: [{ url: "https://example.com/ä.jpg" }] }, ["/media/0/url invalid_url"]],
    [{ media: [{ url: "https://example.com/a.jpg", alt: "x".repeat(1_001) }] }, ["/media/0/alt alt_too_long"]],
    [
      { media, options: { shareToFeed: "yes", coverAtMs: -1, mood: "glad" } },
      ["/options/shareToFeed invalid_option", "/options/coverAtMs invalid_option", "/options/mood unknown_option"],
    ],
    [{ media, options: { collaborators: ["a", "b", "c"], locationId: "17" } }, []],
    [
      { media, options: { collaborators: [], locationId: 17 } },
      ["/options/collaborators invalid_option", "/options/locationId invalid_option"],
    ],
    [{ media, options: { toString: true } }, ["/options/toString unknown_option"]],
    [{ media: items(2), options: { shareToFeed: true } }, ["/options/shareToFeed invalid_option"]],
  ])("%j", (content, issues) => {
    const found = platform.validatePost({ ...post, ...content });
    expect(found.map(({ path, code }) => `${path} ${code}`)).toEqual(issues);
  });

  test.each<[settings: Record<string, unknown>, credentials: Record<string, unknown>, paths: string[]]>([
    [{ userId: "4711" }, { accessToken: "IGAA" }, []],
    [{ userId: "4711" }, { accessToken: "IGAA", expiresAt: "2027-01-31T12:00:00Z" }, []],
    [{}, {}, ["/settings/userId", "/credentials/accessToken"]],
    [
      { userId: "me", pageId: "1" },
      { accessToken: "", expiresAt: "soon" },
      ["/settings/pageId", "/settings/userId", "/credentials/accessToken", "/credentials/expiresAt"],
    ],
  ])("of an account: %j %j", (settings, credentials, paths) => {
    const issues = platform.validateAccount({ settings, credentials, sandbox: true });
    expect(issues.map(({ path }) => path)).toEqual(paths);
  });
});
