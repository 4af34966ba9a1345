export * from "./event.ts";
export * from "./job.ts";
export * from "./outcome.ts";
export * from "./platform.ts";
export * from "./post-limits.ts";
export * from "./post-state.ts";
export * from "./retry-policy.ts";
export * from "./settle.ts";
