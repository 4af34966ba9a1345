import { describe, expect, test } from "vitest";
import { littleText, readableText, readLittleText } from "./little-text.ts";

describe("little text", () => {
  test.each([
    ["plain words, punctuation! and 100%", "plain words, punctuation! and 100%"],
    ["brackets (round) [square] {curly} <angle>", "brackets \\(round\\) \\[square\\] \\{curly\\} \\<angle\\>"],
    ["a_b * c ~ d | e \\ f @ g", "a\\_b \\* c \\~ d \\| e \\\\ f \\@ g"],
    ["#Launch day", "#Launch day"],
    ["(#größe, #日本語)", "\\(#größe, #日本語\\)"],
    ["C# and #1 and a#b and ##x", "C\\# and \\#1 and a\\#b and \\#\\#x"],
    ["#snake_case", "\\#snake\\_case"],
    ["https://a.example/x_y#top", "https://a.example/x\\_y\\#top"],
    ["with @[Acme Inc.](urn:li:organization:42)!", "with @[Acme Inc.](urn:li:organization:42)!"],
    ["@[A_B](urn:li:person:a-B_1)", "@[A\\_B](urn:li:person:a-B_1)"],
    ["@[No](urn:li:sponsoredAccount:1)", "\\@\\[No\\]\\(urn:li:sponsoredAccount:1\\)"],
    ["", ""],
  ])("%s", (text, written) => {
    expect(littleText(text)).toBe(written);
    expect(readLittleText(written)).toBe(readableText(text));
  });

  test("a hashtag that LinkedIn gives back as a template reads as one", () => {
    expect(readLittleText("x {hashtag|\\#|Launch\\_day} y")).toBe("x #Launch_day y");
  });
});
