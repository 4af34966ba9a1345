/** Tests wait for what they want to see, never for a time. */

export interface UntilOptions {
  /** How long at most, in milliseconds. */
  timeoutMs?: number;
  /** Pause between two looks, in milliseconds. */
  intervalMs?: number;
}

/**
 * Looks again and again until there is something to see.
 *
 * @returns the first answer that is not undefined, null or false
 * @throws naming the description once the time is up; what the last look threw is the cause
 */
export async function until<Result>(
  description: string,
  probe: () => Promise<Result | undefined | null | false>,
  { timeoutMs = 15_000, intervalMs = 20 }: UntilOptions = {},
): Promise<Result> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const result = await probe();
      if (result !== undefined && result !== null && result !== false) return result;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`waited ${timeoutMs} ms in vain: ${description}`, cause === undefined ? {} : { cause });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
