/** What a CPU profile of V8 says in a few lines: which packages and which functions the time was spent in. */

/** As V8 writes it; only what is read here. */
export interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  samples: number[];
  /** Before each sample, in microseconds. */
  timeDeltas: number[];
}

export interface TimeShare {
  name: string;
  /** Of the time that was not idle, from 0 to 1. */
  share: number;
}

export interface ProfileSummary {
  /** Not idle, in milliseconds. */
  busyMs: number;
  /** Most first, like the next. */
  byOwner: TimeShare[];
  byFunction: TimeShare[];
}

/** @param root the repository, as a file URL with a slash at its end */
export function summarize({ nodes, samples, timeDeltas }: CpuProfile, root: string): ProfileSummary {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const owners = new Map<string, number>();
  const functions = new Map<string, number>();
  let busyUs = 0;
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id);
    const us = Math.max(0, timeDeltas[index] ?? 0);
    if (frame === undefined || frame.functionName === "(idle)") continue;
    busyUs += us;
    const owner = ownerOf(frame, root);
    const name = isV8(frame) ? owner : `${frame.functionName || "(anonymous)"}, ${owner}`;
    owners.set(owner, (owners.get(owner) ?? 0) + us);
    functions.set(name, (functions.get(name) ?? 0) + us);
  }
  return { busyMs: busyUs / 1_000, byOwner: sharesOf(owners, busyUs), byFunction: sharesOf(functions, busyUs) };
}

type Frame = CpuProfile["nodes"][number]["callFrame"];

function isV8({ functionName, url }: Frame): boolean {
  return url === "" && functionName.startsWith("(");
}

/** A package of npm, an area of ours, or a part of the runtime. */
function ownerOf(frame: Frame, root: string): string {
  const { functionName, url } = frame;
  if (isV8(frame)) return functionName === "(program)" ? "native code and the kernel" : functionName.slice(1, -1);
  if (url === "") return "built into V8";
  if (url.startsWith("node:")) return "Node.js";
  if (url.startsWith("wasm:")) return "WebAssembly";
  const inside = url.slice(url.lastIndexOf("/node_modules/") + "/node_modules/".length).split("/");
  if (url.includes("/node_modules/")) return inside.slice(0, inside[0]?.startsWith("@") ? 2 : 1).join("/");
  if (url.startsWith(root)) return url.slice(root.length).split("/").slice(0, 2).join("/");
  return "other";
}

function sharesOf(sums: ReadonlyMap<string, number>, total: number): TimeShare[] {
  return [...sums].map(([name, us]) => ({ name, share: us / total })).toSorted((a, b) => b.share - a.share);
}
