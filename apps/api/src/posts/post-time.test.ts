import { expect, test } from "vitest";
import { resolvePostTime } from "./post-time.ts";

const now = new Date("2026-11-22T12:00:00.000Z");

/** Checked against the IANA data by hand: transitions of 2027, half-hour and quarter-hour zones, the date line. */
test.each([
  ["Europe/Berlin", "2027-01-15T09:00", "2027-01-15T08:00:00.000Z", "none"],
  ["Europe/Berlin", "2027-03-28T02:30", "2027-03-28T01:30:00.000Z", "gap"],
  ["Europe/Berlin", "2027-03-28T03:30", "2027-03-28T01:30:00.000Z", "none"],
  ["Europe/Berlin", "2027-10-31T02:30", "2027-10-31T00:30:00.000Z", "overlap"],
  ["Europe/London", "2027-03-28T01:00", "2027-03-28T01:00:00.000Z", "gap"],
  ["Europe/London", "2027-10-31T01:59:59.999", "2027-10-31T00:59:59.999Z", "overlap"],
  ["America/New_York", "2027-03-14T02:15", "2027-03-14T07:15:00.000Z", "gap"],
  ["America/New_York", "2027-11-07T01:15", "2027-11-07T05:15:00.000Z", "overlap"],
  ["America/Los_Angeles", "2027-11-07T01:15", "2027-11-07T08:15:00.000Z", "overlap"],
  ["America/St_Johns", "2027-07-01T12:00", "2027-07-01T14:30:00.000Z", "none"],
  ["America/Sao_Paulo", "2027-02-01T00:00", "2027-02-01T03:00:00.000Z", "none"],
  ["Asia/Kolkata", "2027-01-01T05:30", "2027-01-01T00:00:00.000Z", "none"],
  ["Asia/Kathmandu", "2027-01-01T05:45", "2027-01-01T00:00:00.000Z", "none"],
  ["Asia/Tokyo", "2027-01-01T00:00", "2026-12-31T15:00:00.000Z", "none"],
  ["Australia/Lord_Howe", "2027-10-03T02:15", "2027-10-02T15:45:00.000Z", "gap"],
  ["Australia/Lord_Howe", "2027-04-04T01:45", "2027-04-03T14:45:00.000Z", "overlap"],
  ["Australia/Sydney", "2027-10-03T02:30", "2027-10-02T16:30:00.000Z", "gap"],
  ["Pacific/Auckland", "2027-09-26T02:30", "2027-09-25T14:30:00.000Z", "gap"],
  ["Pacific/Chatham", "2027-04-04T03:00", "2027-04-03T13:15:00.000Z", "overlap"],
  ["Pacific/Kiritimati", "2027-01-01T00:00", "2026-12-31T10:00:00.000Z", "none"],
  ["Pacific/Pago_Pago", "2027-01-01T00:00", "2027-01-01T11:00:00.000Z", "none"],
  ["UTC", "2027-01-01T00:00", "2027-01-01T00:00:00.000Z", "none"],
])("in %s, %s is %s (%s)", (timeZone, localTime, scheduledAt, timeAdjustment) => {
  expect(resolvePostTime({ localTime, timeZone }, now)).toEqual({
    kind: "time",
    time: { scheduledAt: new Date(scheduledAt), localTime, timeZone, timeAdjustment },
  });
});

/**
 * Both changes of 2027 in the middle, from Debian's IANA data, read by another program: whole, half and double hours,
 * offsets of a half and a quarter hour, changes at midnight and across it.
 */
test.each([
  ["Europe/Berlin", "2027-03-28T02:30", "2027-03-28T01:30Z", "2027-10-31T02:30", "2027-10-31T00:30Z"],
  ["Europe/London", "2027-03-28T01:30", "2027-03-28T01:30Z", "2027-10-31T01:30", "2027-10-31T00:30Z"],
  ["Europe/Dublin", "2027-03-28T01:30", "2027-03-28T01:30Z", "2027-10-31T01:30", "2027-10-31T00:30Z"],
  ["Atlantic/Azores", "2027-03-28T00:30", "2027-03-28T01:30Z", "2027-10-31T00:30", "2027-10-31T00:30Z"],
  ["America/New_York", "2027-03-14T02:30", "2027-03-14T07:30Z", "2027-11-07T01:30", "2027-11-07T05:30Z"],
  ["America/Los_Angeles", "2027-03-14T02:30", "2027-03-14T10:30Z", "2027-11-07T01:30", "2027-11-07T08:30Z"],
  ["America/St_Johns", "2027-03-14T02:30", "2027-03-14T06:00Z", "2027-11-07T01:30", "2027-11-07T04:00Z"],
  ["America/Havana", "2027-03-14T00:30", "2027-03-14T05:30Z", "2027-11-07T00:30", "2027-11-07T04:30Z"],
  ["America/Santiago", "2027-09-05T00:30", "2027-09-05T04:30Z", "2027-04-03T23:30", "2027-04-04T02:30Z"],
  ["America/Nuuk", "2027-03-27T23:30", "2027-03-28T01:30Z", "2027-10-30T23:30", "2027-10-31T00:30Z"],
  ["Africa/Cairo", "2027-04-30T00:30", "2027-04-29T22:30Z", "2027-10-28T23:30", "2027-10-28T20:30Z"],
  ["Asia/Beirut", "2027-03-28T00:30", "2027-03-27T22:30Z", "2027-10-30T23:30", "2027-10-30T20:30Z"],
  ["Asia/Jerusalem", "2027-03-26T02:30", "2027-03-26T00:30Z", "2027-10-31T01:30", "2027-10-30T22:30Z"],
  ["Australia/Adelaide", "2027-10-03T02:30", "2027-10-02T17:00Z", "2027-04-04T02:30", "2027-04-03T16:00Z"],
  ["Australia/Lord_Howe", "2027-10-03T02:15", "2027-10-02T15:45Z", "2027-04-04T01:45", "2027-04-03T14:45Z"],
  ["Pacific/Auckland", "2027-09-26T02:30", "2027-09-25T14:30Z", "2027-04-04T02:30", "2027-04-03T13:30Z"],
  ["Pacific/Chatham", "2027-09-26T03:15", "2027-09-25T14:30Z", "2027-04-04T03:15", "2027-04-03T13:30Z"],
  ["Pacific/Easter", "2027-09-04T22:30", "2027-09-05T04:30Z", "2027-04-03T21:30", "2027-04-04T02:30Z"],
  ["Antarctica/Troll", "2027-03-28T02:00", "2027-03-28T02:00Z", "2027-10-31T02:00", "2027-10-31T00:00Z"],
])("in %s, %s did not exist and is %s, and of the two %s the first is %s", (timeZone, gap, after, overlap, first) => {
  for (const [localTime, scheduledAt, timeAdjustment] of [
    [gap, after, "gap"],
    [overlap, first, "overlap"],
  ] as const) {
    expect(resolvePostTime({ localTime, timeZone }, now)).toEqual({
      kind: "time",
      time: { scheduledAt: new Date(scheduledAt), localTime, timeZone, timeAdjustment },
    });
  }
});

/** What was is certain: clocks that went back for a month, and a day the date line took away. */
test.each([
  ["Africa/Casablanca", "2025-02-23T02:30", "2025-02-23T01:30Z", "overlap"],
  ["Africa/Casablanca", "2025-04-06T02:30", "2025-04-06T02:30Z", "gap"],
  ["Pacific/Apia", "2011-12-30T10:00", "2011-12-30T20:00Z", "gap"],
])("in %s, %s was %s (%s)", (timeZone, localTime, scheduledAt, timeAdjustment) => {
  const then = new Date(Date.parse(scheduledAt) - 86_400_000);
  expect(resolvePostTime({ localTime, timeZone }, then)).toMatchObject({
    kind: "time",
    time: { scheduledAt: new Date(scheduledAt), timeAdjustment },
  });
});

test.each([
  ["2027-01-01T00:00:00Z", "2027-01-01T00:00:00.000Z"],
  ["2027-01-01T00:00:00.9999-05:30", "2027-01-01T05:30:00.999Z"],
  ["2028-02-29t23:59:59z", "2028-02-29T23:59:59.000Z"],
  // A leap second has no place of its own: it is the second before.
  ["2027-06-30T23:59:60Z", "2027-06-30T23:59:59.000Z"],
])("the instant %s is %s", (given, scheduledAt) => {
  const result = resolvePostTime({ scheduledAt: given }, now);
  expect(result).toMatchObject({ kind: "time", time: { scheduledAt: new Date(scheduledAt), localTime: null } });
});

test("a minute in the past is still accepted, a millisecond more is not", () => {
  const at = (ms: number) => resolvePostTime({ scheduledAt: new Date(now.getTime() + ms).toISOString() }, now);
  expect(at(-60_000).kind).toBe("time");
  expect(at(-60_001)).toMatchObject({ kind: "issue", issue: { path: "/scheduledAt", code: "scheduled_in_past" } });
});

test("five years ahead by the calendar are accepted, a millisecond more is not", () => {
  expect(resolvePostTime({ scheduledAt: "2031-11-22T12:00:00Z" }, now).kind).toBe("time");
  const result = resolvePostTime({ localTime: "2031-11-22T12:00:00.001", timeZone: "UTC" }, now);
  expect(result).toMatchObject({ kind: "issue", issue: { path: "/localTime", code: "scheduled_too_far_ahead" } });
});

test.each(["0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"])(
  "%s lies outside the years that can be written",
  (scheduledAt) => {
    const result = resolvePostTime({ scheduledAt }, now);
    expect(result).toMatchObject({ kind: "issue", issue: { path: "/scheduledAt", code: "invalid_instant" } });
  },
);

test.each(["Mars/Olympus", "Europe/Nowhere", "Etc"])("%s is no IANA zone", (timeZone) => {
  const result = resolvePostTime({ localTime: "2027-01-01T00:00", timeZone }, now);
  expect(result).toMatchObject({ kind: "issue", issue: { code: "unknown_time_zone" } });
});
