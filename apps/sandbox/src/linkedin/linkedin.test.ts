import { createLogger } from "@punctual/runtime";
import { jpegSample } from "@punctual/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSandbox } from "../sandbox.ts";

const sandbox = createSandbox({ host: "127.0.0.1", port: 0 }, { logger: createLogger("sandbox", "silent") });

beforeAll(() => sandbox.start());
afterAll(() => sandbox.stop());

const author = "urn:li:person:alex";
const usual = {
  authorization: "Bearer sandbox.alex.1",
  "linkedin-version": "202609",
  "x-restli-protocol-version": "2.0.0",
  "content-type": "application/json",
};
const post = {
  author,
  commentary: "Hello \\(all\\) #world",
  visibility: "PUBLIC",
  distribution: { feedDistribution: "MAIN_FEED", targetEntities: [], thirdPartyDistributionChannels: [] },
  lifecycleState: "PUBLISHED",
};

interface Told {
  code?: string;
  value?: { uploadUrl: string; image: string; video: string; uploadInstructions: { uploadUrl: string }[] };
  data?: { content: { text: string } }[];
}

async function call(method: string, url: string, body: unknown, headers: Record<string, string> = usual) {
  const answer = await fetch(new URL(url, sandbox.url()), {
    method,
    headers,
    ...(body === undefined ? {} : { body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: (text === "" ? {} : JSON.parse(text)) as Told };
}

test.each([
  ["without a version", { "linkedin-version": "" }, 400, "VERSION_MISSING"],
  ["of a version that is gone", { "linkedin-version": "202101" }, 426, "NONEXISTENT_VERSION"],
  ["without the protocol's version", { "x-restli-protocol-version": "1.0.0" }, 400, "ILLEGAL_ARGUMENT"],
  ["without a token", { authorization: "" }, 401, "EMPTY_ACCESS_TOKEN"],
  ["for somebody else", { authorization: "Bearer sandbox.sam.1" }, 403, "ACCESS_DENIED"],
])("a post %s is refused as LinkedIn does", async (_what, changed, status, code) => {
  const kept = Object.entries({ ...usual, ...changed }).filter(([, value]) => value !== "");
  const answer = await call("POST", "/linkedin/rest/posts", post, Object.fromEntries(kept));
  expect(answer).toMatchObject({ status, body: { code } });
});

test("the id of a post is in a header, and the same again is a duplicate of it", async () => {
  const first = await call("POST", "/linkedin/rest/posts", post);
  expect(first).toMatchObject({ status: 201, body: {} });
  const urn = first.headers.get("x-restli-id") ?? "";
  const again = await call("POST", "/linkedin/rest/posts", post);
  expect(again.status).toBe(422);
  expect(JSON.stringify(again.body)).toContain(`Content is a duplicate of ${urn}`);
});

test("what is not escaped cuts the text there", async () => {
  await call("POST", "/linkedin/rest/posts", { ...post, commentary: "Seen (not seen)" });
  const { body } = await call("GET", "/_ledger?platform=linkedin&outcome=accepted", undefined);
  expect(body.data?.map(({ content }) => content.text)).toEqual(["Hello (all) #world", "Seen "]);
});

test("a picture's bytes want the token, those of a video must not have it", async () => {
  const request = { initializeUploadRequest: { owner: author, fileSizeBytes: 4 } };
  const image = await call("POST", "/linkedin/rest/images?action=initializeUpload", request);
  const video = await call("POST", "/linkedin/rest/videos?action=initializeUpload", request);
  const imageUrl = image.body.value?.uploadUrl ?? "";
  const partUrl = video.body.value?.uploadInstructions[0]?.uploadUrl ?? "";
  const { authorization } = usual;
  expect((await call("PUT", imageUrl, jpegSample(), {})).status).toBe(401);
  expect((await call("PUT", imageUrl, jpegSample(), { authorization })).status).toBe(201);
  expect((await call("PUT", partUrl, Buffer.from("abcd"), { authorization })).status).toBe(400);
  expect((await call("PUT", partUrl, Buffer.from("abc"), {})).status).toBe(400);
  const part = await call("PUT", partUrl, Buffer.from("abcd"), {});
  expect([part.status, part.headers.get("etag")]).toEqual([200, expect.any(String)]);
});

test("a post cannot show what has no bytes yet, nor what is another's", async () => {
  const request = { initializeUploadRequest: { owner: author } };
  const image = await call("POST", "/linkedin/rest/images?action=initializeUpload", request);
  const id = image.body.value?.image;
  const early = await call("POST", "/linkedin/rest/posts", { ...post, content: { media: { id } } });
  expect(JSON.stringify(early.body)).toContain("MEDIA_ASSET_WAITING_UPLOAD");
  const others = { ...post, author: "urn:li:organization:1", content: { media: { id } } };
  expect(JSON.stringify((await call("POST", "/linkedin/rest/posts", others)).body)).toContain("INVALID_IMAGE_ID");
});

test("only organizations can be listed", async () => {
  const list = (urn: string) =>
    call("GET", `/linkedin/rest/posts?q=author&author=${encodeURIComponent(urn)}`, undefined);
  expect((await list(author)).status).toBe(403);
  expect((await list("urn:li:organization:1")).status).toBe(200);
});
