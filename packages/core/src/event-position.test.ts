import { expect, test } from "vitest";
import { deliveryJobs } from "./job.ts";
import { formatEventPosition, parseEventPosition } from "./event-position.ts";

test.each(["0-0", "7-1", "18446744073709551615-9223372036854775807"])("%s is a position", (text) => {
  expect(formatEventPosition(parseEventPosition(text)!)).toBe(text);
});

test.each([
  "",
  "1",
  "1-",
  "-1",
  "01-1",
  "1-01",
  "1--1",
  "18446744073709551616-1",
  "1-9223372036854775808",
  "1-1 ",
  "a-b",
])("%j is none", (text) => {
  expect(parseEventPosition(text)).toBeNull();
});

const deliveryId = "01900000-0000-7000-8000-000000000001";

test("a delivery's job is read back as it was written, and nothing else is taken for one", () => {
  const job = { deliveryId, round: 3, generation: 2 };
  const id = deliveryJobs.id(job);
  expect(deliveryJobs.parse(id, deliveryJobs.data(job))).toEqual(job);
  for (const data of [null, {}, { deliveryId }, { deliveryId, round: 4 }, { postId: deliveryId, revision: 3 }]) {
    expect(deliveryJobs.parse(id, data)).toBeNull();
  }
  expect(deliveryJobs.parse(id, { deliveryId, round: 3, url: "http://elsewhere.example" })).toBeNull();
});
