import { expect, test } from "vitest";
import type { Call } from "../exchange.ts";
import { createHandles } from "./handles.ts";

const call: Call = {
  platform: "test_confirmable",
  account: "a",
  stage: "prepare",
  postId: "p1",
  revision: 1,
  key: null,
  content: null,
  describeError: () => null,
};

test("the oldest handles go when there are too many, or too much in them", () => {
  const handles = createHandles({ handlesMax: 3, charactersMax: 100 });
  const ids = ["1", "2", "3", "4"].map((body) => handles.create(call, body).id);
  expect(ids.map((id) => handles.get("a", id)?.body)).toEqual([undefined, "2", "3", "4"]);

  const large = handles.create(call, "x".repeat(99)).id;
  expect(ids.map((id) => handles.get("a", id)?.body)).toEqual([undefined, undefined, undefined, "4"]);
  const larger = handles.create(call, "x".repeat(500)).id;
  expect(handles.get("a", large)).toBeUndefined();
  expect(handles.get("a", larger)?.body).toHaveLength(500);
});

test("a handle belongs to its account", () => {
  const handles = createHandles({ handlesMax: 3, charactersMax: 100 });
  const { id } = handles.create(call, "");
  expect(handles.get("b", id)).toBeUndefined();
});
