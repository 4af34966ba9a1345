import { describe, expect, test } from "vitest";
import type { HttpResult } from "../http.ts";
import { readAnswer } from "./answer.ts";
import { webhookLimits } from "./limits.ts";

const now = new Date("2026-11-22T12:00:00Z");
const inTwoMinutes = "Sun, 22 Nov 2026 12:02:00 GMT";

function answered(status: number, headers: Record<string, string> = {}, body: unknown = "") {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return readAnswer({ kind: "answer", status, headers, body: bytes }, ["the text of the post"], now);
}

test.each([200, 201, 202, 204, 206, 299])("%i is published", (status) => {
  expect(answered(status)).toEqual({ kind: "published", httpStatus: status });
});

test.each([
  [300, "rejected"],
  [301, "rejected"],
  [302, "rejected"],
  [304, "rejected"],
  [307, "rejected"],
  [308, "rejected"],
  [400, "rejected"],
  [401, "rejected"],
  [403, "rejected"],
  [404, "rejected"],
  [405, "rejected"],
  [408, "retry"],
  [409, "rejected"],
  [410, "rejected"],
  [413, "rejected"],
  [418, "rejected"],
  [422, "rejected"],
  [425, "retry"],
  [429, "wait"],
  [451, "rejected"],
  [500, "retry"],
  [501, "retry"],
  [502, "retry"],
  [503, "retry"],
  [504, "retry"],
  [507, "retry"],
  [520, "retry"],
  [599, "retry"],
])("%i means %s", (status, kind) => {
  const outcome = answered(status);
  expect(outcome).toMatchObject({ kind, code: `http_${status}`, httpStatus: status });
  expect(outcome).toMatchObject({ message: `the receiver answered ${status}` });
});

test("an error that may pass is the platform's, one that cannot is a refusal", () => {
  expect(answered(500)).toMatchObject({ kind: "retry", category: "platform" });
  expect(answered(422)).toMatchObject({ kind: "rejected", category: "rejected" });
});

describe("Retry-After", () => {
  test("is waited for on 429, in seconds or until a date", () => {
    expect(answered(429, { "retry-after": "90" })).toMatchObject({ kind: "wait", waitMs: 90_000 });
    expect(answered(429, { "retry-after": inTwoMinutes })).toMatchObject({ kind: "wait", waitMs: 120_000 });
  });

  test("has a default on 429, also where it makes no sense", () => {
    const { rateLimitedWaitMs } = webhookLimits;
    expect(answered(429)).toMatchObject({ kind: "wait", waitMs: rateLimitedWaitMs });
    expect(answered(429, { "retry-after": "soon" })).toMatchObject({ kind: "wait", waitMs: rateLimitedWaitMs });
  });

  test("holds a retry back on 503", () => {
    expect(answered(503, { "retry-after": "90" })).toMatchObject({ kind: "retry", notBeforeMs: 90_000 });
    expect(answered(503, { "retry-after": inTwoMinutes })).toMatchObject({ kind: "retry", notBeforeMs: 120_000 });
  });

  test("says nothing elsewhere, and nothing if it makes no sense", () => {
    expect(answered(500, { "retry-after": "90" })).not.toHaveProperty("notBeforeMs");
    expect(answered(503, { "retry-after": "soon" })).not.toHaveProperty("notBeforeMs");
    expect(answered(410, { "retry-after": "90" })).toMatchObject({ kind: "rejected" });
  });
});

describe("the receiver's id and address of the post", () => {
  test.each([
    [
      { id: "42", url: "https://example.com/42" },
      { externalId: "42", externalUrl: "https://example.com/42" },
    ],
    [{ id: 42 }, { externalId: "42" }],
    [{ url: "http://example.com/" }, { externalUrl: "http://example.com/" }],
    [{ id: "é".repeat(500) }, { externalId: "é".repeat(500) }],
  ])("are taken from %j", (body, expected) => {
    expect(answered(200, {}, body)).toEqual({ kind: "published", httpStatus: 200, ...expected });
  });

  test.each<[unknown]>([
    ["not json"],
    ["null"],
    ["[]"],
    ['"42"'],
    [{}],
    [{ id: null, url: null }],
    [{ id: "", url: "" }],
    [{ id: {}, url: ["https://example.com/"] }],
    [{ id: "x".repeat(501) }],
    [{ id: "a\u0000b" }],
    [{ id: "a\nb" }],
    [{ id: 1.5 }],
    [{ id: 2 ** 53 }],
    [{ id: true }],
    [{ url: "javascript:alert(1)" }],
    [{ url: "ftp://example.com/" }],
    [{ url: "https://" }],
    [{ url: "/relative" }],
    [{ url: `https://example.com/${"x".repeat(webhookLimits.urlLengthMax)}` }],
  ])("are left out if they are %j, and the post is published all the same", (body) => {
    expect(answered(200, {}, body)).toEqual({ kind: "published", httpStatus: 200 });
  });
});

describe("the reason", () => {
  test("is part of the message", () => {
    expect(answered(422, {}, { error: "no pictures" })).toMatchObject({
      message: "the receiver answered 422: no pictures",
    });
  });

  test("is left out if it repeats the post", () => {
    expect(answered(422, {}, { error: "bad: The text of the post" })).toMatchObject({
      message: "the receiver answered 422",
    });
  });
});

describe("without an answer", () => {
  const fault = { code: "connection_reset", message: "the connection was reset" };
  const outcomeOf = (result: HttpResult) => readAnswer(result, [], now);

  test("what left is unknown", () => {
    expect(outcomeOf({ kind: "lost", ...fault })).toEqual({ kind: "unknown", ...fault });
  });

  test("what did not leave is retried", () => {
    expect(outcomeOf({ kind: "not_sent", ...fault })).toEqual({ kind: "retry", category: "network", ...fault });
  });

  test("an address we must not deliver to is refused for good", () => {
    const code = "private_address";
    expect(outcomeOf({ kind: "not_sent", code, message: "no" })).toMatchObject({ kind: "rejected", code });
  });
});
