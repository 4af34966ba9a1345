export * from "./config.ts";
export * from "./logger.ts";
export * from "./markup.ts";
export * from "./metrics.ts";
export * from "./process.ts";
export * from "./secrets.ts";
export * from "./service.ts";
export * from "./version.ts";
