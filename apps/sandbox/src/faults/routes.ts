/** Commanding faults over HTTP. */
import { Type } from "typebox";
import type { SandboxApp } from "../app.ts";
import { contradictionIn, faultRuleSchema } from "./fault.ts";
import type { Faults } from "./faults.ts";

const idParams = Type.Object({ id: Type.String({ pattern: "^[0-9]{1,15}$" }) });

export function faultRoutes(app: SandboxApp, { faults }: { faults: Faults }): void {
  app.post("/_control/faults", { schema: { body: faultRuleSchema } }, (request, reply) => {
    const contradiction = contradictionIn(request.body);
    if (contradiction !== null) {
      return reply.code(400).send({ error: "invalid_request", message: contradiction });
    }
    const state = faults.add(request.body);
    if (state === null) {
      return reply.code(409).send({ error: "too_many_faults", message: "Clear some: as many as may be are in force." });
    }
    return reply.code(201).send(state);
  });

  app.get("/_control/faults", () => ({ data: faults.list() }));

  app.delete("/_control/faults", () => ({ cleared: faults.clear() }));

  app.delete("/_control/faults/:id", { schema: { params: idParams } }, (request, reply) =>
    faults.remove(request.params.id)
      ? reply.code(204).send()
      : reply.code(404).send({ error: "not_found", message: "There is no such fault." }),
  );
}
