/** What every adapter is given. */
import type { Logger } from "@punctual/runtime";
import type { HttpClient } from "./http.ts";

/** Our registration at a platform, where it asks for one. */
export interface PlatformApp {
  clientId?: string;
  clientSecret?: string;
  /** Where the platform's API is, if not at its usual address. */
  apiUrl?: string;
}

export interface PlatformDeps {
  http: HttpClient;
  /** For accounts that publish to the sandbox; may reach it wherever it is. */
  sandboxHttp: HttpClient;
  /** Without it such accounts cannot publish. */
  sandboxUrl: string | undefined;
  allowPrivateNetworks: boolean;
  app: PlatformApp;
  /** For what a person should know of a platform, such as a version of its API that ends; nothing of a post. */
  logger: Pick<Logger, "warn">;
}
