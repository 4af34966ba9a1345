import { beforeAll, expect, test } from "vitest";
import { lintDocument } from "./linter.ts";
import { servedDocument } from "./served-document.ts";

interface Document {
  info?: unknown;
  paths: Record<string, Record<string, { responses?: unknown; operationId?: string; parameters?: unknown[] }>>;
  components: { schemas: Record<string, unknown> };
}

let document: string;
beforeAll(async () => {
  document = await servedDocument();
});

/** The rules a document breaks that was changed so. */
async function rulesBroken(change: (document: Document) => void): Promise<string[]> {
  const changed = JSON.parse(document) as Document;
  change(changed);
  return (await lintDocument(JSON.stringify(changed))).map(({ rule }) => rule);
}

test("the API's own document breaks no rule", async () => {
  expect(await lintDocument(document)).toEqual([]);
});

test("a document is refused that is no OpenAPI, or refers to nothing, or contradicts itself", async () => {
  const post = (changed: Document) => changed.paths["/v1/posts/{id}"]!["get"]!;
  expect(await rulesBroken((changed) => delete changed.info)).toContain("struct");
  expect(await rulesBroken((changed) => (post(changed).responses = { 200: { content: 7 } }))).toContain("struct");
  expect(await rulesBroken((changed) => delete changed.components.schemas["Post"])).toContain("no-unresolved-refs");
  expect(await rulesBroken((changed) => (post(changed).operationId = "listPosts"))).toContain(
    "operation-operationId-unique",
  );
  expect(await rulesBroken((changed) => (post(changed).parameters = []))).toContain("path-parameters-defined");
});
