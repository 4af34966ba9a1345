import { describe, expect, test } from "vitest";
import { platformReason } from "./platform-reason.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const text = "Our new harvest is here! Come by on Friday\nand taste it.\n\nFree for members.";

function reasonOf(answer: unknown): string | undefined {
  return platformReason(Buffer.from(typeof answer === "string" ? answer : JSON.stringify(answer)), [text, secret]);
}

describe("a reason is found", () => {
  test.each([
    [{ detail: "quota used up" }],
    [{ message: "quota used up" }],
    [{ error: "quota used up" }],
    [{ error: { message: "quota used up", code: 4 } }],
    [{ title: "quota used up" }],
    [{ detail: "quota used up", title: "Too many", error: { message: "other" } }],
    [{ message: null, error: "quota used up" }],
    [{ message: "  quota\r\n\tused \u0000 up\u001b " }],
  ])("in %j", (answer) => {
    expect(reasonOf(answer)).toBe("quota used up");
  });

  test("and cut to one short line", () => {
    expect(reasonOf({ error: "é".repeat(10_000) })).toBe("é".repeat(200));
  });
});

test.each([
  "",
  "plain words",
  "<html>no</html>",
  "null",
  "7",
  '"quota"',
  "[]",
  "{}",
  '{"error":7}',
  '{"error":{"message":[]}}',
  '{"error":"  "}',
])("no reason is found in %j", (body) => {
  expect(reasonOf(body)).toBeUndefined();
});

describe("a reason is withheld if it repeats", () => {
  test.each([
    ["the secret", `bad secret ${secret}`],
    ["the secret in other case", `bad secret ${secret.toUpperCase()}`],
    ["a part of the secret", `bad key ${secret.slice(8, 24)}...`],
    ["the text", `refused: ${text}`],
    ["the text in capitals", `refused: ${text.toUpperCase()}`],
    ["a part of the text", "not allowed: harvest is here"],
    ["the text, its lines joined", `refused: ${text.replaceAll("\n", " ")}`],
    ["lines of the text, joined", "refused: Friday and taste"],
    ["lines of the text, escaped", `refused: ${JSON.stringify(text)}`],
  ])("%s", (_what, error) => {
    expect(reasonOf({ error })).toBeUndefined();
  });

  test("a text of short lines, joined", () => {
    const poem = "so much\ndepends\nupon\na red\nwheel";
    for (const echo of [poem.replaceAll("\n", " "), JSON.stringify(poem)]) {
      const body = Buffer.from(JSON.stringify({ error: `refused: ${echo}` }));
      expect(platformReason(body, [poem])).toBeUndefined();
    }
  });

  test("a short text", () => {
    expect(platformReason(Buffer.from('{"error":"refused: Hi Ann"}'), ["hi ann"])).toBeUndefined();
  });
});

test("a reason that shares a word or two with the text is shown", () => {
  expect(reasonOf({ error: "members only on Friday" })).toBe("members only on Friday");
});

test("a text of next to nothing hides no reason", () => {
  expect(platformReason(Buffer.from('{"error":"a b c"}'), ["a", "", "  ", "\n"])).toBe("a b c");
});
