/**
 * The parts of BullMQ that are used here; the library describes only the whole, which brings among others a second
 * backend, on Postgres: 2 MB in every process.
 */
declare module "bullmq/dist/cjs/classes/queue.js" {
  export { Queue } from "bullmq";
}
declare module "bullmq/dist/cjs/classes/worker.js" {
  export { Worker } from "bullmq";
}
declare module "bullmq/dist/cjs/classes/errors/index.js" {
  export { DelayedError, UnrecoverableError } from "bullmq";
}
