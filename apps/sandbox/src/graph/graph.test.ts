/** The Graph API as other clients speak it: forms, lists as JSON, the token among the parameters. */
import { createHmac } from "node:crypto";
import { createLogger } from "@punctual/runtime";
import { jpegSample, openMediaServer, type MediaServer } from "@punctual/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSandbox } from "../sandbox.ts";

const sandbox = createSandbox({ host: "127.0.0.1", port: 0 }, { logger: createLogger("sandbox", "silent") });
const token = "EAAB-of-somebody";
let media: MediaServer;

beforeAll(async () => {
  await sandbox.start();
  media = await openMediaServer();
});
afterAll(async () => {
  await media?.close();
  await sandbox.stop();
});
beforeEach(async () => {
  await fetch(new URL("/_ledger", sandbox.url()), { method: "DELETE" });
});

async function call(method: string, path: string, parameters: Record<string, string> = {}, body?: FormData) {
  const url = new URL(path, sandbox.url());
  const all = { access_token: token, ...parameters };
  if (method === "GET") for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
  const answer = await fetch(url, { method, ...(method === "GET" ? {} : { body: body ?? new URLSearchParams(all) }) });
  return { status: answer.status, headers: answer.headers, json: (await answer.json()) as Record<string, unknown> };
}

test("photos and posts are made of forms, with a file or by URL, and shown as an album", async () => {
  const form = new FormData();
  for (const [name, value] of Object.entries({ access_token: token, published: "false", alt_text_custom: "Grün" })) {
    form.set(name, value);
  }
  form.set("source", new Blob([new Uint8Array(jpegSample())]), "a b.jpg");
  const first = await call("POST", "/facebook/v25.0/4711/photos", {}, form);
  expect(first).toMatchObject({ status: 200, json: { id: expect.stringMatching(/^\d+$/) as string } });
  const url = media.put("/a.jpg", jpegSample());
  const second = await call("POST", "/facebook/v25.0/4711/photos", { url, published: "false" });

  const attached = JSON.stringify([first, second].map(({ json }) => ({ media_fbid: json["id"] })));
  const post = { message: "Both", attached_media: attached, fields: "id,permalink_url" };
  const made = await call("POST", "/facebook/v25.0/4711/feed", post);
  expect(made.json["id"]).toMatch(/^4711_\d+$/);
  const fields = "message,attachments{media_type,subattachments{target{id}}},permalink_url";
  const { json } = await call("GET", "/facebook/v25.0/4711/published_posts", { fields, limit: "5" });
  const subattachments = { data: [first, second].map(({ json: photo }) => ({ target: { id: photo["id"] } })) };
  expect(json["data"]).toEqual([
    {
      id: made.json["id"],
      message: "Both",
      permalink_url: made.json["permalink_url"],
      attachments: { data: [{ media_type: "album", subattachments }] },
    },
  ]);

  const again = await call("POST", "/facebook/v25.0/4711/feed", post);
  expect(again.json["error"]).toMatchObject({ error_subcode: 1_366_051 });
});

test("a photo that is published at once names its post", async () => {
  const url = media.put("/a.jpg", jpegSample());
  const { json } = await call("POST", "/facebook/v25.0/4711/photos", { url, caption: "At once" });
  expect(json["post_id"]).toMatch(/^4711_\d+$/);
  const missing = await call("POST", "/facebook/v25.0/4711/photos", { url: `${media.url}/none.jpg` });
  expect(missing.json["error"]).toMatchObject({ error_subcode: 1_366_046 });
});

describe("errors have the Graph API's shape", () => {
  test.each<[what: string, method: string, path: string, parameters: Record<string, string>, error: object]>([
    ["no token", "GET", "/facebook/v25.0/4711", { access_token: "" }, { code: 2_500 }],
    ["a wrong proof", "GET", "/facebook/v25.0/4711", { appsecret_proof: "x" }, { code: 100 }],
    ["a post of nothing", "POST", "/facebook/v25.0/4711/feed", {}, { code: 100 }],
    ["an unknown object", "GET", "/facebook/v25.0/4711_1", {}, { code: 100, error_subcode: 33 }],
    ["an unknown container", "POST", "/instagram/v25.0/17/media_publish", { creation_id: "1" }, { code: 24 }],
    ["a container of nothing", "POST", "/instagram/v25.0/17/media", {}, { code: 100 }],
    [
      "a carousel of one",
      "POST",
      "/instagram/v25.0/17/media",
      { media_type: "CAROUSEL", children: "1" },
      { error_subcode: 2_207_028 },
    ],
    [
      "a caption too long",
      "POST",
      "/instagram/v25.0/17/media",
      { caption: "x".repeat(2_201) },
      { error_subcode: 2_207_010 },
    ],
  ])("%s", async (_what, method, path, parameters, error) => {
    const { status, json } = await call(method, path, parameters);
    expect(status).toBe(400);
    expect(json["error"]).toMatchObject({
      message: expect.any(String) as string,
      type: expect.any(String) as string,
      ...error,
    });
  });
});

test("the proof of the app's secret is checked", async () => {
  const proof = createHmac("sha256", "punctual-sandbox-secret").update(token).digest("hex");
  expect((await call("GET", "/facebook/v25.0/4711", { appsecret_proof: proof })).status).toBe(200);
});

test("a dead version is served by the oldest that is left, and says so", async () => {
  const served = async (version: string) =>
    (await call("GET", `/facebook/${version}/4711`)).headers.get("facebook-api-version");
  expect(await served("v25.0")).toBe("v25.0");
  expect(await served("v19.0")).toBe("v21.0");
});

test("a container is published once, by whoever asks first", async () => {
  const image = { image_url: media.put("/a.jpg", jpegSample()), caption: "Once" };
  const { json: container } = await call("POST", "/instagram/v25.0/17/media", image);
  const publish = () => call("POST", "/instagram/v25.0/17/media_publish", { creation_id: String(container["id"]) });
  const statuses = (await Promise.all(Array.from({ length: 5 }, publish))).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 400)).toHaveLength(4);
  const { json } = await call("GET", "/instagram/v25.0/17/content_publishing_limit", { fields: "quota_usage,config" });
  expect(json).toEqual({ data: [{ quota_usage: 1, config: { quota_total: 100, quota_duration: 86_400 } }] });
});
