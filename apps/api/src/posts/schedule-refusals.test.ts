import { postLimits } from "@punctual/core";
import { createTestEnvironment, yearAhead, type TestEnvironment } from "@punctual/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAppUnderTest, type AppUnderTest } from "../app-under-test.ts";
import type { PostOut } from "./schemas.ts";

let env: TestEnvironment;
let api: AppUnderTest;
let tenant: Awaited<ReturnType<TestEnvironment["createTenant"]>>;

beforeAll(async () => {
  env = await createTestEnvironment();
  api = await openAppUnderTest(env);
  tenant = await env.createTenant();
});
afterAll(async () => {
  await api?.close();
  await env?.close();
});

const valid = (more: object = {}) => ({ socialAccountId: tenant.socialAccountId, text: "Hello", ...more });
const refused = async (body: object) => {
  const [before] = await env.sql<{ count: string }>("SELECT count(*) FROM posts");
  const answer = await api.call(tenant.apiKey, "POST", "/v1/posts", { body });
  const [after] = await env.sql<{ count: string }>("SELECT count(*) FROM posts");
  expect(after).toEqual(before);
  return answer;
};

/** As much of everything as may be, and `more` of it. */
const full = (more: number) => ({
  text: "x".repeat(postLimits.textLengthMax + more),
  media: Array.from({ length: postLimits.mediaItemsMax + more }, () => ({
    url: "https://example.com/".padEnd(postLimits.urlLengthMax + more, "a"),
    alt: "x".repeat(postLimits.mediaAltLengthMax + more),
  })),
  link: "https://example.com/".padEnd(postLimits.urlLengthMax + more, "a"),
  groupId: "x".repeat(postLimits.groupIdLengthMax + more),
  maxAttempts: postLimits.maxAttemptsMax + more,
  lateness: { graceMinutes: postLimits.graceMinutesMax + more, then: "publish" },
  metadata: Object.fromEntries(
    Array.from({ length: postLimits.metadataEntriesMax + more }, (_, index) => [
      String(index).padEnd(postLimits.metadataKeyLengthMax, "k"),
      "x".repeat(postLimits.metadataValueLengthMax + more),
    ]),
  ),
});

test("a post may use every limit to the full, and reads back as it was; one more of anything is refused by path", async () => {
  const body = valid({ ...full(0), scheduledAt: `${yearAhead}-06-01T00:00:00Z` });
  const { status, body: accepted } = await api.call<PostOut>(tenant.apiKey, "POST", "/v1/posts", { body });
  expect(status).toBe(201);
  expect(accepted).toMatchObject(full(0));
  expect((await api.call(tenant.apiKey, "GET", `/v1/posts/${accepted.id}`)).body).toEqual(accepted);

  const key = "k".repeat(postLimits.metadataKeyLengthMax + 1);
  const tooMuch = { ...full(1), metadata: { ...full(1).metadata, [key]: "" } };
  const { body: problem } = await refused(valid(tooMuch));
  const paths = new Set(problem.errors?.map((error) => error.path.replaceAll(/\/\d\w*/g, "/0")));
  const levels = ["/metadata", "/metadata/0", "/media", "/media/0/url", "/media/0/alt", "/lateness/graceMinutes"];
  expect(paths).toEqual(new Set([...levels, "/groupId", "/link", "/maxAttempts", "/text"]));
});

describe("a request that does not fit", () => {
  test("names every fault by its path, and stores nothing", async () => {
    const { status, body } = await refused({
      socialAccountId: "not-a-uuid",
      text: 7,
      media: [{ url: "ftp://example.com" }, { alt: "no url" }, { url: "https://ok.example", width: 3 }],
      link: "nonsense",
      scheduledAt: "tomorrow",
      localTime: `${yearAhead}-01-01 10:00`,
      timeZone: "../etc",
      lateness: { graceMinutes: -1, then: "maybe" },
      maxAttempts: 1.5,
      groupId: "",
      metadata: { a: 1 },
      colour: "red",
    });
    expect(status).toBe(400);
    expect(body.code).toBe("invalid_request");
    expect(Object.fromEntries((body.errors ?? []).map(({ path, code }) => [path, code]))).toEqual({
      "/socialAccountId": "invalid_format",
      "/text": "wrong_type",
      "/media/0/url": "invalid_format",
      "/media/1/url": "required",
      "/media/2/width": "unknown_field",
      "/link": "invalid_format",
      "/scheduledAt": "invalid_format",
      "/localTime": "invalid_format",
      "/timeZone": "invalid_format",
      "/lateness/graceMinutes": "too_small",
      "/lateness/then": "not_allowed",
      "/maxAttempts": "wrong_type",
      "/groupId": "too_short",
      "/metadata/a": "wrong_type",
      "/colour": "unknown_field",
    });
  });

  test.each([
    ["a number where text belongs", { text: 5 }, "/text"],
    ["more text than any platform takes", { text: "x".repeat(100_001) }, "/text"],
    ["null, which is not a value", { link: null }, "/link"],
    ["an attempt too many", { maxAttempts: 21 }, "/maxAttempts"],
    ["a grace of more than a year", { lateness: { graceMinutes: 525_601, then: "miss" } }, "/lateness/graceMinutes"],
    [
      "too much metadata",
      { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, ""])) },
      "/metadata",
    ],
    ["a date that does not exist", { scheduledAt: `${yearAhead}-02-30T10:00:00Z` }, "/scheduledAt"],
    ["such a date to the millisecond", { scheduledAt: `${yearAhead}-02-30T10:00:00.000Z` }, "/scheduledAt"],
    ["an offset instead of a zone", { localTime: `${yearAhead}-02-03T10:00`, timeZone: "+02:00" }, "/timeZone"],
    ["a leap second on a wall clock", { localTime: `${yearAhead}-06-30T23:59:60`, timeZone: "UTC" }, "/localTime"],
    ["an hour that is no hour", { localTime: `${yearAhead}-06-30T24:00`, timeZone: "UTC" }, "/localTime"],
    ["an instant without an offset", { scheduledAt: `${yearAhead}-02-03T10:00:00` }, "/scheduledAt"],
  ])("is refused for %s", async (_name, fault, path) => {
    const { status, body } = await refused(valid(fault));
    expect(status).toBe(400);
    expect(body.errors?.map((error) => error.path)).toEqual([path]);
  });

  test.each([
    [
      "both kinds of time",
      { scheduledAt: `${yearAhead}-02-03T10:00:00Z`, localTime: `${yearAhead}-02-03T10:00`, timeZone: "UTC" },
      "/localTime",
      "conflicting_times",
    ],
    ["a wall clock without a zone", { localTime: `${yearAhead}-02-03T10:00` }, "/timeZone", "required"],
    ["a zone without a wall clock", { timeZone: "Europe/Rome" }, "/localTime", "required"],
    [
      "a zone nobody knows",
      { localTime: `${yearAhead}-02-03T10:00`, timeZone: "Mars/Olympus" },
      "/timeZone",
      "unknown_time_zone",
    ],
    [
      "a local date that does not exist",
      { localTime: `${yearAhead}-02-30T10:00`, timeZone: "UTC" },
      "/localTime",
      "invalid_local_time",
    ],
    ["a URL with a password", { link: "https://user:secret@example.com" }, "/link", "invalid_url"],
    ["a URL that is none", { media: [{ url: "https://[::1" }] }, "/media/0/url", "invalid_url"],
    ["an option the platform does not have", { options: { pin: true } }, "/options/pin", "unknown_option"],
  ])("cannot be done with %s", async (_name, fault, path, code) => {
    const { status, body } = await refused(valid(fault));
    expect({ status, code: body.code, errors: body.errors?.map((error) => [error.path, error.code]) }).toEqual({
      status: 422,
      code,
      errors: [[path, code]],
    });
  });

  test("tells all that cannot be done at once", async () => {
    const { body } = await refused(valid({ options: { pin: true }, scheduledAt: "2020-01-01T00:00:00Z" }));
    expect(body).toMatchObject({ status: 422, code: "invalid_post" });
    expect(body.errors?.map(({ path }) => path)).toEqual(["/options/pin", "/scheduledAt"]);
  });

  test("finds another company's account as little as one that does not exist", async () => {
    const other = await env.createTenant();
    const foreign = await refused({ socialAccountId: other.socialAccountId, text: "Hello" });
    const missing = await refused({ socialAccountId: "01a20000-0000-7000-8000-000000000000", text: "Hello" });
    expect(foreign.status).toBe(404);
    expect({ ...foreign.body, requestId: "" }).toEqual({ ...missing.body, requestId: "" });
  });
});
