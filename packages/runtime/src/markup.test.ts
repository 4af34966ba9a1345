import { expect, test } from "vitest";
import { markup } from "./markup.ts";

test("what is put in is escaped, in content and in attributes", () => {
  const nasty = `<script>"'&</script>`;
  const escaped = "&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;";
  expect(markup`<a title="${nasty}">${nasty}</a>`.source).toBe(`<a title="${escaped}">${escaped}</a>`);
});

test("markup inside markup stays, alone and in lists, and null is nothing", () => {
  const items = ["a", "<"].map((item) => markup`<li>${item}</li>`);
  expect(markup`<ul>${items}</ul>${markup`<br>`}${null}${0}`.source).toBe("<ul><li>a</li><li>&lt;</li></ul><br>0");
});
