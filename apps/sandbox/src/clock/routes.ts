/** Moving the clock over HTTP. */
import { Type } from "typebox";
import type { SandboxApp } from "../app.ts";
import type { Clock } from "./clock.ts";

/** A year, so that a slip of the keyboard does not end time. */
const advanceMsMax = 366 * 24 * 60 * 60_000;

const step = Type.Object(
  { advanceMs: Type.Integer({ minimum: 1, maximum: advanceMsMax }) },
  { additionalProperties: false },
);

export function clockRoutes(app: SandboxApp, { clock }: { clock: Clock }): void {
  const describe = () => ({ now: new Date(clock.now()).toISOString(), aheadMs: clock.ahead() });

  app.post("/_control/clock", { schema: { body: step } }, (request) => {
    clock.advance(request.body.advanceMs);
    return describe();
  });

  app.get("/_control/clock", describe);

  app.delete("/_control/clock", () => {
    clock.reset();
    return describe();
  });
}
