/**
 * Calls to the API. What it refuses, and that it cannot be reached, are answers here and not exceptions: every view has
 * words for them.
 */

export interface Refusal {
  ok: false;
  /** 0: the server could not be reached. */
  status: number;
  code: string;
  /** For people. */
  message: string;
}

export type Answer<Body> = { ok: true; body: Body } | Refusal;

export type Method = "GET" | "POST" | "DELETE";

const timeoutMs = 20_000;
const loggedOut = new Set<() => void>();

/** Told whenever an answer says that nobody is logged in. @returns how to stop listening */
export function onLoggedOut(listener: () => void): () => void {
  loggedOut.add(listener);
  return () => void loggedOut.delete(listener);
}

/** Rejects only when `signal` ends it. */
export async function call<Body>(
  method: Method,
  path: string,
  { body, signal }: { body?: object; signal?: AbortSignal } = {},
): Promise<Answer<Body>> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const init: RequestInit = { method, signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) };
  if (body !== undefined) init.body = JSON.stringify(body);
  try {
    const response = await request(path, init);
    const text = await response.text();
    if (!response.ok) return refusalOf(response.status, text);
    return { ok: true, body: (text === "" ? null : JSON.parse(text)) as Body };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return { ok: false, status: 0, code: "unreachable", message: "The server does not answer." };
  }
}

/** A request as every one of ours is made; a page that asks by script wants no log-in window of the browser's. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("x-requested-with", "dashboard");
  if (init.body !== undefined) headers.set("content-type", "application/json");
  const response = await fetch(path, { ...init, headers, cache: "no-store", credentials: "same-origin" });
  if (response.status === 401) for (const listener of loggedOut) listener();
  return response;
}

/** A path with those parameters that have a value. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== "") query.set(name, value);
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

interface Problem {
  code: string;
  detail: string;
  errors?: { path: string; message: string }[];
}

function refusalOf(status: number, text: string): Refusal {
  try {
    const { code, detail, errors = [] } = JSON.parse(text) as Problem;
    const faults = errors.map(({ path, message }) => `${path.replace(/^\//, "")}: ${message}`);
    return { ok: false, status, code, message: faults.length > 0 ? faults.join("; ") : detail };
  } catch {
    return { ok: false, status, code: "unreadable", message: `The server answered ${status}, and nothing readable.` };
  }
}
