import { expect, test } from "vitest";
import { freePlaces } from "./slot-places.ts";

const hours = (...values: number[]) => values.map((value) => new Date(value * 3_600_000));
const two = { times: hours(1, 2), max: 2, windowMs: 3_600_000 };

test("the next turns are when slots come free, and again every window after", () => {
  expect(freePlaces(two, [], 5)).toEqual(hours(1, 2, 2, 3, 3));
  expect(freePlaces({ ...two, times: [] }, [], 5)).toEqual([]);
});

test("turns that are spoken for are left out", () => {
  expect(freePlaces(two, hours(1, 2), 3)).toEqual(hours(2, 3, 3));
  expect(freePlaces(two, hours(2, 2, 3), 2)).toEqual(hours(1, 3));
});

test("a turn nobody came for is given again", () => {
  expect(freePlaces(two, hours(3, 3), 3)).toEqual(hours(1, 2, 2));
});

test("nobody who waits already loses his turn", () => {
  const one = { times: hours(1), max: 1, windowMs: 3_600_000 };
  expect(freePlaces(one, hours(2, 2), 1)).toEqual(hours(3));
  expect(freePlaces(one, hours(1, 2, 3), 1)).toEqual(hours(4));
});

test("a thousand posts behind fifty slots are spread over twenty windows", () => {
  const fifty = { times: Array.from({ length: 50 }, () => new Date(0)), max: 50, windowMs: 1_000 };
  const places = freePlaces(fifty, [], 1_000);
  expect(places).toHaveLength(1_000);
  const counts = Map.groupBy(places, (place) => place.getTime());
  expect([...counts.values()].map(({ length }) => length)).toEqual(Array.from({ length: 20 }, () => 50));
});
