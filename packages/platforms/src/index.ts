export * from "./address-guard.ts";
export * from "./http.ts";
export * from "./platform-deps.ts";
export * from "./platform-reason.ts";
export * from "./receiver-url.ts";
export * from "./registry.ts";
export * from "./retry-after.ts";
export * from "./upload-body.ts";
export { secretBytes, signWebhook } from "./webhook/signature.ts";
