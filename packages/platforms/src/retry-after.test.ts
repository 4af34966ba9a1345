import { afterEach, expect, test, vi } from "vitest";
import { retryAfterMs } from "./retry-after.ts";

const now = new Date("1994-11-06T08:49:07Z");
const inThirtySeconds = 30_000;

afterEach(() => vi.unstubAllEnvs());

test.each([
  ["0", 0],
  ["7", 7_000],
  [" 120 ", 120_000],
  ["999999999", 999_999_999_000],
])("%j is seconds", (header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected);
});

test.each([
  ["the form everybody should send", "Sun, 06 Nov 1994 08:49:37 GMT"],
  ["the form of RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT"],
  ["the form of asctime, which means GMT without saying so", "Sun Nov  6 08:49:37 1994"],
])("a date is an instant, in %s", (_form, header) => {
  for (const zone of ["UTC", "America/New_York", "Asia/Kolkata"]) {
    vi.stubEnv("TZ", zone);
    expect(retryAfterMs(header, now), zone).toBe(inThirtySeconds);
  }
});

test("a date that has passed means now", () => {
  expect(retryAfterMs("Sun, 06 Nov 1994 08:00:00 GMT", now)).toBe(0);
});

test.each([
  undefined,
  "",
  " ",
  "-1",
  "+7",
  "7.5",
  "0x10",
  "1e3",
  "7 seconds",
  "soon",
  "Infinity",
  "9999999999",
  "1994-11-06T08:49:37Z",
  "06 Nov 1994 08:49:37 GMT",
  "Sun, 99 Foo 1994 08:49:37 GMT",
  "Soon 1",
])("%j tells nothing", (header) => {
  expect(retryAfterMs(header, now)).toBeUndefined();
});
