/**
 * Reads `Retry-After`: seconds or an HTTP date (RFC 9110, section 10.2.3).
 *
 * @param now the local time, for the date form
 * @returns milliseconds to wait, or undefined if the header is absent or makes no sense
 */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  const value = header.trim();
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  // Only the three HTTP forms, which all start with a weekday; Date.parse alone believes too much.
  if (!/^[A-Z][a-z]{2,8},? /.test(value)) return undefined;
  const until = Date.parse(value);
  return Number.isNaN(until) ? undefined : Math.max(0, until - now.getTime());
}
