import type { PostContent } from "@punctual/core";
import { afterAll, describe, expect, test } from "vitest";
import { createPlatforms } from "../registry.ts";

const platforms = createPlatforms({ sandboxUrl: undefined, allowPrivateNetworks: false });
const platform = platforms.byName.get("facebook")!;
const post: PostContent = { text: "Hello", media: [], link: null, options: {}, metadata: {} };

afterAll(() => platforms.stop());

describe("what can be known to be wrong before", () => {
  const issuesOf = (content: Partial<PostContent>) =>
    platform.validatePost({ ...post, ...content }).map(({ path, code }) => `${path} ${code}`);
  const items = (count: number) => Array.from({ length: count }, () => ({ url: "https://example.com/a.jpg" }));

  test.each<[content: Partial<PostContent>, issues: string[]]>([
    [{}, []],
    [{ text: "x".repeat(63_206) }, []],
    [{ text: "x".repeat(63_207) }, ["/text text_too_long"]],
    [{ text: " " }, ["/text empty_post"]],
    [{ text: "", link: "https://example.com/" }, []],
    [{ text: "", media: items(10) }, []],
    [{ media: items(11) }, ["/media too_many_media"]],
    [{ media: [{ url: "http://127.0.0.1/a.jpg" }, ...items(1)] }, ["/media/0/url private_address"]],
    [{ media: items(1), link: "https://example.com/" }, ["/link link_with_media"]],
    [{ options: { reel: true } }, ["/options/reel invalid_option"]],
    [{ media: items(1), options: { reel: "yes" } }, ["/options/reel invalid_option"]],
    [{ media: items(1), options: { reel: false, mood: "glad" } }, ["/options/mood unknown_option"]],
  ])("%j", (content, issues) => {
    expect(issuesOf(content)).toEqual(issues);
  });

  test.each<[settings: Record<string, unknown>, credentials: Record<string, unknown>, paths: string[]]>([
    [{ pageId: "4711" }, { accessToken: "EAAB" }, []],
    [{ pageId: "4711", twoStepPublish: true }, { accessToken: "EAAB" }, []],
    [{}, {}, ["/settings/pageId", "/credentials/accessToken"]],
    [
      { pageId: 4711, twoStepPublish: "true" },
      { accessToken: "a b" },
      ["/settings/pageId", "/settings/twoStepPublish", "/credentials/accessToken"],
    ],
    [
      { pageId: "../me", page: "x" },
      { accessToken: "EAAB", secret: "x" },
      ["/settings/page", "/credentials/secret", "/settings/pageId"],
    ],
  ])("of an account: %j %j", (settings, credentials, paths) => {
    const issues = platform.validateAccount({ settings, credentials, sandbox: true });
    expect(issues.map(({ path }) => path)).toEqual(paths);
  });
});
