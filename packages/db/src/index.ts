export * from "./api-keys.ts";
export * from "./clients.ts";
export * from "./companies.ts";
export * from "./database.ts";
export * from "./id.ts";
export * from "./migrate.ts";
export * from "./page.ts";
export * from "./social-accounts.ts";
