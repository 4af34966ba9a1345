/** What every group of Facebook's routes works with. */
import { Type } from "typebox";
import type { GraphCalls } from "../graph/call.ts";
import { versionPattern } from "../graph/version.ts";
import type { PlatformDeps } from "../platform.ts";
import type { FacebookState } from "./state.ts";

export interface FacebookParts extends PlatformDeps {
  calls: GraphCalls;
  state: FacebookState;
}

export const nodeParams = Type.Object({
  version: Type.String({ pattern: versionPattern }),
  id: Type.String({ pattern: "^[0-9_]{1,80}$" }),
});

/** Whose an object is: the Page's id stands before the post's own. */
export function pageOf(id: string): string {
  return id.split("_", 1)[0] ?? id;
}
