import { expect, test } from "vitest";
import { nextFreeTime } from "./next-free-time.ts";

const at = (hour: number) => new Date(hour * 3_600_000);
/** Sends at these hours, under a limit of a day. */
const sends = (...hours: number[]) => hours.map((hour) => ({ from: at(hour), until: at(hour + 24) }));

test("an instant with room is free", () => {
  expect(nextFreeTime({ max: 1 }, [], at(5))).toEqual(at(5));
  expect(nextFreeTime({ max: 2 }, sends(1, 20), at(25))).toEqual(at(25));
  expect(nextFreeTime({ max: 1 }, sends(30), at(5))).toEqual(at(5));
});

test("without room it is free when enough of the sends before it have stopped counting", () => {
  expect(nextFreeTime({ max: 2 }, sends(1, 3, 4), at(5))).toEqual(at(27));
  expect(nextFreeTime({ max: 1 }, sends(1, 25, 49), at(5))).toEqual(at(73));
});
