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
  const until = httpDate(value);
  return until === undefined ? undefined : Math.max(0, until - now.getTime());
}

// Date.parse alone believes too much, and takes the third form for local time.
const namesItsZone = /^[A-Z][a-z]{2,8}, \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT$/;
const namesNoZone = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

/** The three forms of RFC 9110, section 5.6.7, all of them GMT. Milliseconds since 1970. */
function httpDate(value: string): number | undefined {
  const complete = namesNoZone.test(value) ? `${value} GMT` : value;
  if (complete === value && !namesItsZone.test(value)) return undefined;
  const parsed = Date.parse(complete);
  return Number.isNaN(parsed) ? undefined : parsed;
}
