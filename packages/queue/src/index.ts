export * from "./census.ts";
export * from "./consumer.ts";
export * from "./preflight.ts";
export * from "./producer.ts";
export * from "./redis.ts";
