/**
 * A signal for as long as some work lasts. `AbortSignal.timeout` would hold on to all that listens to it until its time
 * comes, which at hundreds of posts a second is all that was sent in the last quarter of a minute.
 */

/**
 * @param timeoutMs after which the signal aborts, as that of `AbortSignal.timeout`
 * @param others abort it too
 */
export async function withDeadline<Result>(
  timeoutMs: number,
  others: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const onOther = (event: Event) => controller.abort((event.target as AbortSignal).reason);
  const timer = setTimeout(() => controller.abort(timeoutError()), Math.ceil(timeoutMs)).unref();
  for (const other of others) {
    if (other.aborted) controller.abort(other.reason);
    else other.addEventListener("abort", onOther);
  }
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    for (const other of others) other.removeEventListener("abort", onOther);
  }
}

function timeoutError(): DOMException {
  return new DOMException("the time is over", "TimeoutError");
}
