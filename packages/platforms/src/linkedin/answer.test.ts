import { describe, expect, test } from "vitest";
import { refusedToPrepare, refusedToPublish } from "./answer.ts";

const context = { credentialsVersion: 3, neverShown: [], now: new Date("2026-11-22T18:30:00Z") };

function answer(status: number, body: unknown = {}, headers: Record<string, string> = {}) {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return { kind: "answer" as const, status, headers, body: bytes };
}

const quota = (whose: string) => ({
  message: `Resource level throttle ${whose} DAY limit for calls to this resource is reached.`,
  status: 429,
});
const duplicate = {
  errorDetailType: "com.linkedin.common.error.BadRequest",
  message: "Content is a duplicate of urn:li:share:7141138937766391808",
  errorDetails: { inputErrors: [{ code: "DUPLICATE_POST", description: "Content is a duplicate" }] },
  status: 422,
};

describe("what LinkedIn's answers mean", () => {
  test.each([
    [answer(401, { code: "REVOKED_ACCESS_TOKEN" }), { kind: "reconnect", category: "auth", credentialsVersion: 3 }],
    [answer(403, { code: "ACCESS_DENIED" }), { kind: "reconnect", category: "permission", code: "access_denied" }],
    [answer(409), { kind: "retry", category: "platform" }],
    [answer(426, { code: "NONEXISTENT_VERSION" }), { kind: "retry", category: "internal" }],
    [answer(400, { code: "VERSION_MISSING" }), { kind: "retry", category: "internal" }],
    [answer(400, { code: "MEDIA_ASSET_WAITING_UPLOAD" }), { kind: "retry", category: "platform" }],
    [answer(400, { code: "EXPIRED_UPLOAD_URL" }), { kind: "retry", category: "platform" }],
    [answer(400, { code: "FIELD_LENGTH_TOO_LONG" }), { kind: "rejected", code: "field_length_too_long" }],
    [answer(404), { kind: "rejected", category: "rejected", code: "http_404", httpStatus: 404 }],
    [answer(422, duplicate), { category: "duplicate", externalId: "urn:li:share:7141138937766391808" }],
    [answer(429), { kind: "wait", waitMs: 900_000, scope: "account" }],
    [answer(429, {}, { "retry-after": "60" }), { kind: "wait", waitMs: 60_000 }],
    // Quotas of a day end at 00:00 UTC.
    [answer(429, quota("MEMBER")), { kind: "wait", waitMs: 5.5 * 3_600_000, scope: "account" }],
    [answer(429, quota("APPLICATION_AND_MEMBER")), { kind: "wait", waitMs: 5.5 * 3_600_000, scope: "account" }],
    [answer(429, quota("APPLICATION")), { kind: "wait", waitMs: 5.5 * 3_600_000, scope: "app" }],
  ])("the same refusal of any call: %#", (result, expected) => {
    expect(refusedToPublish(result, context)).toMatchObject(expected);
    expect(refusedToPrepare(result, context)).toEqual(refusedToPublish(result, context));
  });

  test.each([
    answer(408),
    answer(500, { code: "INTERNAL_SERVER_ERROR" }),
    answer(504, "<html>"),
    answer(302),
    { kind: "lost" as const, code: "timeout", message: "no answer came in time" },
  ])("no clear refusal: nobody knows of the call that publishes, and every other showed nothing: %#", (result) => {
    expect(refusedToPublish(result, context)).toMatchObject({ kind: "unknown" });
    expect(refusedToPrepare(result, context)).toMatchObject({ kind: "retry" });
  });

  test("a call that could not be tried is our fault, whichever it was, and a private address the post's", () => {
    const unset = { kind: "not_sent" as const, code: "misconfigured", message: "SANDBOX_URL is not set" };
    const inside = { kind: "not_sent" as const, code: "private_address", message: "the address is not public" };
    for (const read of [refusedToPrepare, refusedToPublish]) {
      expect(read(unset, context)).toMatchObject({ kind: "retry", category: "internal" });
      expect(read(inside, context)).toMatchObject({ kind: "rejected", code: "private_address" });
    }
  });

  test("a call that never left is no unknown outcome", () => {
    const result = { kind: "not_sent" as const, code: "connection_refused", message: "the connection was refused" };
    expect(refusedToPublish(result, context)).toMatchObject({ kind: "retry", category: "network" });
  });
});
