import { expect, test } from "vitest";
import { mergeCredentials, renewalDueAt } from "./credential-life.ts";

const hourMs = 3_600_000;
const at = (hours: number) => new Date(hours * hourMs);

test("credentials are renewed a day before their end, and those that live shorter at half of their life", () => {
  expect(renewalDueAt(at(0), at(24 * 60))).toEqual(at(24 * 59));
  expect(renewalDueAt(at(0), at(2))).toEqual(at(1));
  expect(renewalDueAt(at(5), at(3))).toEqual(at(3));
});

test("nothing never replaces something", () => {
  const old = { accessToken: "a", refreshToken: "r", expiresAt: "1", id: "x" };
  expect(mergeCredentials(old, { accessToken: "b", refreshToken: "", expiresAt: null, id: undefined })).toEqual({
    ...old,
    accessToken: "b",
  });
  expect(mergeCredentials(old, { accessToken: "b", refreshToken: "s", expiresAt: "2", id: "x", more: 1 })).toEqual({
    accessToken: "b",
    refreshToken: "s",
    expiresAt: "2",
    id: "x",
    more: 1,
  });
});
