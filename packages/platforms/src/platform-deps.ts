/** What every adapter is given. */
import type { Logger } from "@punctual/runtime";
import type { HttpClient } from "./http.ts";
import type { Media } from "./media/media.ts";

/** Our registration at a platform, where it asks for one. */
export interface PlatformApp {
  clientId?: string;
  clientSecret?: string;
  /** Where the platform's API is, if not at its usual address. */
  apiUrl?: string;
  /** Which version of its API to speak, in the platform's own way of writing it, where that is not part of the address. */
  apiVersion?: string;
  /** What is asked for at its log-in, in the platform's own words, if not what every app may ask for. */
  scopes?: string;
}

export interface PlatformDeps {
  http: HttpClient;
  /** For accounts that publish to the sandbox; may reach it wherever it is. */
  sandboxHttp: HttpClient;
  /** Without it such accounts cannot publish. */
  sandboxUrl: string | undefined;
  allowPrivateNetworks: boolean;
  app: PlatformApp;
  /** Fetches what a post's media URLs lead to; of sandbox accounts as well, since those are the client's all the same. */
  media: Media;
  /** For what a person should know of a platform, such as a version of its API that ends; nothing of a post. */
  logger: Pick<Logger, "warn">;
}
