/** What every group of Instagram's routes works with. */
import { Type } from "typebox";
import type { GraphCalls } from "../graph/call.ts";
import { versionPattern } from "../graph/version.ts";
import type { PlatformDeps } from "../platform.ts";
import type { InstagramState } from "./state.ts";
import type { Timelines } from "./timelines.ts";

export interface InstagramParts extends PlatformDeps {
  calls: GraphCalls;
  state: InstagramState;
  timelines: Timelines;
}

export const nodeParams = Type.Object({
  version: Type.String({ pattern: versionPattern }),
  id: Type.String({ pattern: "^[0-9]{1,40}$" }),
});
