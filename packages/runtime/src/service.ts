/** What has a life inside a process: a server, a pool, a loop. */
export interface Service {
  start(): Promise<void>;
  /** Idempotent, and safe before `start`. */
  stop(): Promise<void>;
}

/** Resolves with the work's result, or with `fallback` once the time is up; the work itself is not stopped. */
export async function withinMs<Result, Fallback>(
  timeoutMs: number,
  work: Promise<Result>,
  fallback: Fallback,
): Promise<Result | Fallback> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Fallback>((resolve) => {
    timer = setTimeout(() => resolve(fallback), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
