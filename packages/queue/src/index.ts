export * from "./census.ts";
export * from "./consumer.ts";
export * from "./delivery-producer.ts";
export * from "./job-producer.ts";
export * from "./preflight.ts";
export * from "./producer.ts";
export * from "./redis.ts";
export * from "./shared-counts.ts";
export { probeIntervalMs, probeSilenceMaxMs } from "./probes.ts";
