import Fastify from "fastify";
import { expect, test } from "vitest";
import { createLateApp } from "./late-app.ts";

const withRoute = () => {
  const app = Fastify();
  app.get("/", async () => "pages");
  return app;
};

test("it is opened by the first who asks, once for all who ask at the same time", async () => {
  let openings = 0;
  const late = createLateApp(async () => {
    openings += 1;
    return withRoute();
  });
  expect(openings).toBe(0);
  const [one, two] = await Promise.all([late.get(), late.get()]);
  expect(one).toBe(two);
  expect(await late.get()).toBe(one);
  expect(openings).toBe(1);
  expect((await one.inject("/")).body).toBe("pages");
  await late.close();
});

test("one that could not be opened, or did not get ready, is tried again", async () => {
  const unready = Fastify();
  void unready.register(() => Promise.reject(new Error("did not get ready")));
  const outcomes = [() => Promise.reject(new Error("not readable")), async () => unready, async () => withRoute()];
  const late = createLateApp(() => outcomes.shift()?.() ?? expect.fail("once too often"));
  const both = await Promise.allSettled([late.get(), late.get()]);
  expect(both).toMatchObject([{ reason: { message: "not readable" } }, { reason: { message: "not readable" } }]);
  await expect(late.get()).rejects.toThrow("did not get ready");
  expect((await (await late.get()).inject("/")).statusCode).toBe(200);
  await late.close();
});

test("closing closes it, also one that is just being opened; one nobody asked for, or that failed, is nothing to close", async () => {
  const closed: string[] = [];
  const late = (name: string, opened = Promise.resolve()) =>
    createLateApp(async () => {
      await opened;
      const app = withRoute();
      app.addHook("onClose", async () => void closed.push(name));
      return app;
    });
  const never = late("never");
  await never.close();
  const failed = late("failed", Promise.reject(new Error("not readable")));
  const asked = failed.get().catch((error: Error) => error.message);
  await failed.close();
  expect(await asked).toBe("not readable");
  const { promise, resolve } = Promise.withResolvers<void>();
  const opening = late("opening", promise);
  const got = opening.get();
  const closing = opening.close();
  resolve();
  await Promise.all([got, closing]);
  expect(closed).toEqual(["opening"]);
});
