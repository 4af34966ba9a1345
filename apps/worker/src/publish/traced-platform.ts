/** A platform whose calls are spans of their own, named by platform and stage, without a word of what was sent. */
import type { Platform } from "@punctual/core";
import type { Tracing } from "@punctual/runtime";

export function tracedPlatform(platform: Platform, tracing: Tracing): Platform {
  if (!tracing.isOn) return platform;
  const { prepare } = platform;
  const start = (stage: string) => ({ name: `${platform.name} ${stage}`, kind: "client" as const });
  return {
    ...platform,
    ...(prepare === undefined
      ? {}
      : {
          prepare: (post, context) =>
            tracing.within(start("prepare"), async (span) => {
              const prepared = await prepare(post, context);
              span.set({ "punctual.result": prepared.kind });
              if (prepared.kind !== "ready") span.fail(prepared.code);
              return prepared;
            }),
        }),
    send: (post, context) =>
      tracing.within(start("send"), async (span) => {
        const outcome = await platform.send(post, context);
        span.set({ "punctual.result": outcome.kind, "http.response.status_code": outcome.httpStatus ?? 0 });
        if (outcome.kind !== "published") span.fail(outcome.code);
        return outcome;
      }),
  };
}
