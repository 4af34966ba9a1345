import { describe, expect, test } from "vitest";
import { parsePublishJob, publishJobId, queueName } from "./job.ts";

const postId = "0190d8a2-3c1e-7b6f-9d00-0a1b2c3d4e5f";
const other = "0190d8a2-3c1e-7b6f-9d00-0a1b2c3d4e60";

test("a queue is named after its platform", () => {
  expect(queueName("webhook")).toBe("publish-webhook");
});

test("an id names post, revision and generation, and no colon, which BullMQ refuses", () => {
  expect(publishJobId({ postId, revision: 3, generation: 0 })).toBe(`${postId}_3_0`);
  expect(publishJobId({ postId, revision: 3, generation: 12 })).not.toContain(":");
});

test("posts, revisions and generations never share an id", () => {
  const ids = [postId, other].flatMap((id) =>
    [1, 2, 11, 12].flatMap((revision) =>
      [0, 1, 2, 11].map((generation) => publishJobId({ postId: id, revision, generation })),
    ),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

test("what was put on the queue is read back", () => {
  for (const revision of [1, 9, 10, 123_456_789]) {
    for (const generation of [0, 1, 10, 999_999_999]) {
      const job = { postId, revision, generation };
      expect(parsePublishJob(publishJobId(job), { postId, revision })).toEqual(job);
    }
  }
});

describe("a job is set aside", () => {
  const good = { postId, revision: 3 };
  const id = `${postId}_3_0`;

  test.each([
    ["no id", undefined],
    ["an empty one", ""],
    ["no generation", `${postId}_3`],
    ["one part too many", `${id}_0`],
    ["colons", `${postId}:3:0`],
    ["a revision of zero", `${postId}_0_0`],
    ["leading zeros in the revision", `${postId}_03_0`],
    ["leading zeros in the generation", `${postId}_3_00`],
    ["a negative generation", `${postId}_3_-1`],
    ["a sign", `${postId}_+3_0`],
    ["a fraction", `${postId}_3.0_0`],
    ["an exponent", `${postId}_3e0_0`],
    ["more digits than an integer holds", `${postId}_3_99999999999`],
    ["capitals in the post's id", `${postId.toUpperCase()}_3_0`],
    ["digits of another script", `${postId}_٣_0`],
    ["a blank before it", ` ${id}`],
    ["a line break after it", `${id}\n`],
    ["a second line", `${id}\n${id}`],
    ["a repeatable job's prefix", `repeat_${id}`],
    ["SQL", `${postId}_3_0'; DROP TABLE posts; --`],
  ])("with %s for an id", (_what, hostile) => {
    expect(parsePublishJob(hostile, good)).toBeNull();
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a text", JSON.stringify(good)],
    ["a number", 3],
    ["a list", [postId, 3]],
    ["an empty object", {}],
    ["no revision", { postId }],
    ["no post", { revision: 3 }],
    ["another post than its id", { postId: other, revision: 3 }],
    ["another revision than its id", { postId, revision: 4 }],
    ["the revision as a text", { postId, revision: "3" }],
    ["the revision as a list", { postId, revision: [3] }],
    ["the post's id as a list", { postId: [postId], revision: 3 }],
    ["content, which never goes to Redis", { ...good, text: "hello" }],
    ["a field named like the prototype", JSON.parse(`{"postId":"${postId}","revision":3,"__proto__":{}}`)],
  ])("with %s for data", (_what, data) => {
    expect(parsePublishJob(id, data)).toBeNull();
  });
});
