/**
 * A client of the real API, as clients are: it asks whichever API is up, gives up after a while, and knows that no
 * answer is no knowledge. Every answer is noted with its time.
 */
import type { Actor } from "./actor.ts";

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
}

export interface Call {
  method: string;
  path: string;
  /** Which API was asked. */
  api: string;
  from: number;
  until: number;
  /** Null: no answer came. */
  status: number | null;
  retryAfter: boolean;
  detail: string;
}

export interface ApiClient {
  /** Null: no answer; the call may have had its effect or not. */
  call(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer | null>;
  readonly calls: readonly Call[];
}

const timeoutMs = 10_000;

export function createApiClient(apis: readonly Actor[], apiKey: string, choose: () => number): ApiClient {
  const calls: Call[] = [];
  return {
    calls,
    async call(method, path, body, headers = {}) {
      const up = apis.filter((api) => api.url() !== null);
      const api = up[Math.floor(choose() * up.length)];
      const url = api?.url();
      if (api === undefined || url === null || url === undefined) return null;
      const call: Call = {
        method,
        path,
        api: api.name,
        from: Date.now(),
        until: 0,
        status: null,
        retryAfter: false,
        detail: "",
      };
      calls.push(call);
      try {
        const response = await fetch(new URL(path, url), {
          method,
          headers: {
            authorization: `Bearer ${apiKey}`,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(timeoutMs),
        });
        const answer = (await response.json()) as Record<string, unknown>;
        call.status = response.status;
        call.retryAfter = response.headers.has("retry-after");
        if (response.status >= 400) call.detail = `${String(answer["code"])} ${String(answer["requestId"])}`;
        return { status: response.status, body: answer, headers: response.headers };
      } catch {
        return null;
      } finally {
        call.until = Date.now();
      }
    },
  };
}
