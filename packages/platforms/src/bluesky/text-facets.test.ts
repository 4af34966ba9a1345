/** Held against the network's own library, which the adapter does not use. */
import { RichText } from "@atproto/api";
import { describe, expect, test } from "vitest";
import { countGraphemes } from "../graphemes.ts";
import { recordKey, tid } from "./record-key.ts";
import { mentionedHandles, textFacets } from "./text-facets.ts";

function theirs(text: string): { byteStart: number; byteEnd: number; feature: unknown }[] {
  const rich = new RichText({ text });
  rich.detectFacetsWithoutResolution();
  return (rich.facets ?? []).map(({ index, features: [feature] }) => ({ ...index, feature }) as never);
}

function ours(text: string): { byteStart: number; byteEnd: number; feature: unknown }[] {
  const dids = Object.fromEntries(mentionedHandles(text).map((handle) => [handle, handle]));
  return textFacets(text, dids).map(({ index, features: [feature] }) => ({ ...index, feature }));
}

const texts = [
  "héllo 🎉 https://a.example/x #tag",
  "nothing here",
  "",
  "https://a.example/x.",
  "see (https://a.example/x) and https://a.example/x_(y)",
  "https://a.example/?q=1&r=2#frag, then #tag",
  "@name.bsky.social hello",
  "hello (@name.bsky.social) and @other.example.com!",
  "mail me@name.bsky.social",
  "@nodots and @ alone",
  "#one #two, #three! #four",
  "#1 #123 #1a #a1 #_ #-",
  "#ünïcode #日本語 ＃全角 #🎉party",
  "a#notatag x #tag-with-dash #tag_with_underscore",
  "#️⃣ keycap is no tag",
  "👨‍👩‍👧‍👦 https://family.example 🇯🇵 #flag",
  "line one\nhttps://b.example/two\n#three\n@four.example.com",
  `#${"a".repeat(64)} #${"b".repeat(65)}`,
  "https://ends.example/question? https://ends.example/bang!",
];

test.each(texts)("what is linked in %j is what the network's own library links", (text) => {
  expect(ours(text)).toEqual(theirs(text).toSorted((one, other) => one.byteStart - other.byteStart));
});

test("a name without its scheme is left alone: nobody guesses whether it is one", () => {
  expect(ours("example.com and www.example.com/x")).toEqual([]);
});

test("places are told in bytes of UTF-8", () => {
  expect(ours("héllo 🎉 https://a.example/x #tag")).toMatchObject([
    { byteStart: 12, byteEnd: 31 },
    { byteStart: 32, byteEnd: 36 },
  ]);
});

describe("mentions", () => {
  test("of names nobody has stay plain text", () => {
    expect(
      textFacets("@name.example.com @gone.example.com", { "name.example.com": "did:plc:a", "gone.example.com": null }),
    ).toEqual([
      {
        $type: "app.bsky.richtext.facet",
        index: { byteStart: 0, byteEnd: 17 },
        features: [{ $type: "app.bsky.richtext.facet#mention", did: "did:plc:a" }],
      },
    ]);
  });

  test("are asked for once each, in lower case", () => {
    expect(mentionedHandles("@A.example.com @a.example.com (@b.example.com)")).toEqual([
      "a.example.com",
      "b.example.com",
    ]);
  });
});

test.each(["a", "é", "👨‍👩‍👧‍👦", "🇯🇵🇩🇪", "e\u0301", "नमस्ते", "a\r\nb", ""])(
  "%j has as many characters as the network counts",
  (text) => {
    expect(countGraphemes(text)).toBe(new RichText({ text }).graphemeLength);
  },
);

describe("a record's key", () => {
  test("is a TID", () => {
    const newYear = BigInt(Date.parse("2026-01-01T00:00:00Z")) * 1_000n;
    expect(tid(0n, 0)).toBe("2222222222222");
    expect(tid(newYear, 0)).toBe("3mbd3542k2222");
    expect(tid(newYear, 1_023)).toBe("3mbd3542k22zz");
  });

  test("is the same for every attempt, and another for every post and instant", () => {
    const scheduledAt = new Date("2026-01-01T00:00:00.500Z");
    const key = recordKey({ id: "post-1", scheduledAt });
    expect(key).toMatch(/^[234567abcdefghij][234567a-z]{12}$/);
    expect(recordKey({ id: "post-1", scheduledAt })).toBe(key);
    const others = Array.from({ length: 2_000 }, (_, index) => recordKey({ id: `post-${index + 2}`, scheduledAt }));
    expect(new Set([key, ...others]).size).toBe(2_001);
    expect(recordKey({ id: "post-1", scheduledAt: new Date("2026-01-01T00:00:01.500Z") })).not.toBe(key);
    // Same second, whatever the rest: it sorts as a post of then.
    expect(key.slice(0, 6)).toBe("3mbd35");
  });
});
