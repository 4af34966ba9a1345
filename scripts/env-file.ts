/** An optional `.env` in the checkout: settings for commands run by hand. What the environment says wins. */
import { existsSync } from "node:fs";
import path from "node:path";

/** @param root absolute path of the checkout */
export function loadEnvFile(root: string): void {
  const file = path.join(root, ".env");
  if (existsSync(file)) process.loadEnvFile(file);
}
