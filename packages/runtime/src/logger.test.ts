import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";

function logged(write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown> {
  const lines: string[] = [];
  write(createLogger("test", "trace", { write: (line) => void lines.push(line) }));
  return JSON.parse(lines[0] ?? "null") as Record<string, unknown>;
}

test("a line says when, how severe, and which program", () => {
  expect(logged((logger) => logger.warn({ postId: "1" }, "hello"))).toMatchObject({
    level: "warn",
    service: "test",
    postId: "1",
    msg: "hello",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
  });
});

test("secrets and texts in a careless object are not written", () => {
  const careless = {
    credentials: { secret: "s1" },
    post: { text: "t1" },
    headers: { authorization: "a1" },
    secret: "s2",
    asked: { req: { headers: { cookie: "c1", host: "shown" } } },
  };
  const before = structuredClone(careless);
  const line = logged((logger) => logger.child({ password: "p1", postId: "1" }).info(careless, "oops"));
  expect(JSON.stringify(line)).not.toMatch(/s1|s2|t1|a1|c1|p1/);
  expect(line).toMatchObject({ postId: "1", asked: { req: { headers: { cookie: "[redacted]", host: "shown" } } } });
  expect(careless).toEqual(before);
});

test("an error is written by its first and last line, without the query in between", () => {
  const error = Object.assign(new Error('\nInvalid invocation:\n\n{ text: "private" }\n\nCan\'t reach the server'), {
    code: "P1001",
    query: "private",
  });
  const line = logged((logger) => logger.error({ err: new Error("outer", { cause: error }) }, "failed"));
  expect(JSON.stringify(line)).not.toContain("private");
  expect(line["err"]).toMatchObject({
    message: "outer",
    cause: {
      code: "P1001",
      message: "Invalid invocation: Can't reach the server",
      stack: expect.stringContaining("logger.test.ts") as string,
    },
  });
});
