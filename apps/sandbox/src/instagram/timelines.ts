/**
 * Scripts for containers: what the next ones of an account show, look by look. Without a script a picture is finished
 * at the first look, and a video at the second.
 */
import { Type } from "typebox";
import type { SandboxApp } from "../app.ts";
import { type ContainerStatus, containerStatuses } from "./state.ts";

export interface Timelines {
  /** For a container about to be made. */
  take(userId: string, isVideo: boolean): ContainerStatus[];
  clear(): void;
}

interface Script {
  account?: string;
  times: number;
  statuses: ContainerStatus[];
}

const scriptsMax = 1_000;

const scriptBody = Type.Object(
  {
    account: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    times: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    statuses: Type.Array(Type.Enum([...containerStatuses]), { minItems: 1, maxItems: 1_000 }),
  },
  { additionalProperties: false },
);

export function createTimelines(): Timelines & { routes(scope: SandboxApp): void } {
  let scripts: Script[] = [];
  return {
    take(userId, isVideo) {
      const script = scripts.find(({ account, times }) => times > 0 && (account ?? userId) === userId);
      if (script === undefined) return isVideo ? ["IN_PROGRESS", "FINISHED"] : ["FINISHED"];
      script.times -= 1;
      return [...script.statuses];
    },
    clear() {
      scripts = [];
    },
    routes(scope) {
      scope.post("/_control/instagram/timelines", { schema: { body: scriptBody } }, (request, reply) => {
        scripts = scripts.filter(({ times }) => times > 0);
        if (scripts.length >= scriptsMax) {
          return reply.code(409).send({ error: "too_many_timelines", message: "As many are kept as may be." });
        }
        scripts.push({ ...request.body });
        return reply.code(201).send(request.body);
      });
      scope.delete("/_control/instagram/timelines", () => {
        const cleared = scripts.length;
        scripts = [];
        return { cleared };
      });
    },
  };
}
