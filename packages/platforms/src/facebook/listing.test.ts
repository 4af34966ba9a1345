import type { OutgoingPost } from "@punctual/core";
import { expect, test } from "vitest";
import { findInListing, listingQuery } from "./listing.ts";

const post: OutgoingPost = {
  id: "p",
  socialAccountId: "a",
  revision: 1,
  scheduledAt: new Date("2026-11-22T12:00:00Z"),
  firstSentAt: new Date("2026-11-22T12:00:01Z"),
  requestId: null,
  text: "Caf\u00e9\r\nopen ",
  media: [],
  link: null,
  options: {},
  metadata: {},
};
const listed = { id: "1_2", message: "Cafe\u0301\nopen", created_time: "2026-11-22T12:00:03+0000" };
const album = (...ids: (string | undefined)[]) => {
  const data = ids.map((id) => (id === undefined ? {} : { target: { id } }));
  return { attachments: { data: [{ media_type: "album", subattachments: { data } }] } };
};
const photo = (id?: string) => ({ attachments: { data: [{ media_type: "photo", ...(id && { target: { id } }) }] } });
const link = (url: string) => ({ attachments: { data: [{ media_type: "link", unshimmed_url: url }] } });

test.each<[what: string, post: Partial<OutgoingPost>, photoIds: string[], item: object, found: boolean]>([
  ["the same text, however its characters are composed and its lines end", {}, [], listed, true],
  ["another text", {}, [], { ...listed, message: "Café" }, false],
  ["a text without its time", {}, [], { ...listed, created_time: undefined }, false],
  [
    "the same text of two minutes before, since clocks differ",
    {},
    [],
    { ...listed, created_time: "2026-11-22T11:58:01+0000" },
    true,
  ],
  ["the same text of an earlier time", {}, [], { ...listed, created_time: "2026-11-22T11:57:59+0000" }, false],
  ["the same text with a picture we did not send", {}, [], { ...listed, ...photo("7") }, false],
  ["the same text without our picture", {}, ["7"], listed, false],
  ["our picture", {}, ["7"], { ...listed, ...photo("7") }, true],
  ["another picture", {}, ["7"], { ...listed, ...photo("8") }, false],
  ["a picture that is not named, under our text", {}, ["7"], { ...listed, ...photo() }, true],
  [
    "a picture that is not named, without a text",
    { text: "" },
    ["7"],
    { ...listed, message: undefined, ...photo() },
    false,
  ],
  ["our pictures", {}, ["7", "8"], { ...listed, ...album("8", "7") }, true],
  ["one picture more than ours", {}, ["7", "8"], { ...listed, ...album("7", "8", "9") }, false],
  ["one picture less than ours", {}, ["7", "8"], { ...listed, ...album("7") }, false],
  ["our link under our text", { link: "https://a.example/" }, [], { ...listed, ...link("https://a.example/") }, true],
  [
    "our link without a text",
    { text: "", link: "https://a.example/" },
    [],
    { ...listed, message: "", ...link("https://a.example/") },
    true,
  ],
  [
    "another link without a text",
    { text: "", link: "https://a.example/" },
    [],
    { ...listed, message: "", ...link("https://b.example/") },
    false,
  ],
])("%s", (_what, changes, photoIds, item, found) => {
  const confirmation = findInListing({ data: [item] }, { ...post, ...changes }, photoIds);
  expect(confirmation.kind).toBe(found ? "published" : "cannot_tell");
});

test.each([null, {}, { data: null }, { data: [null, 1, "x", {}] }, { data: {} }])("%j shows nothing", (listing) => {
  expect(findInListing(listing, post, [])).toMatchObject({ kind: "cannot_tell" });
});

test("id and address are told as far as they are usable", () => {
  const found = (item: object) => findInListing({ data: [{ ...listed, ...item }] }, post, []);
  expect(found({ permalink_url: "https://www.facebook.com/1/posts/2" })).toEqual({
    kind: "published",
    externalId: "1_2",
    externalUrl: "https://www.facebook.com/1/posts/2",
  });
  expect(found({ permalink_url: "/1/videos/2" })).toMatchObject({ externalUrl: "https://www.facebook.com/1/videos/2" });
  expect(found({ id: "1/../2", permalink_url: "javascript:alert(1)" })).toEqual({ kind: "published" });
});

test("the listing is asked for from a little before the first sending on", () => {
  expect(listingQuery(post)["since"]).toBe(String(Date.parse("2026-11-22T11:58:01Z") / 1_000));
  expect(listingQuery({ ...post, firstSentAt: null })).not.toHaveProperty("since");
});
