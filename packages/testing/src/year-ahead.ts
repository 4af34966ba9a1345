/**
 * A year that has not begun, whenever the tests run: an instant written out in full lies in the past one day, and the API
 * refuses it from then on. Not the next one, which may begin while a test runs; within the five years that may be planned.
 */
export const yearAhead = new Date().getUTCFullYear() + 2;

/** The day of that year on which clocks go forward in Europe, a Sunday in March. */
export const lastSundayOfMarchAhead = `${yearAhead}-03-${31 - new Date(Date.UTC(yearAhead, 2, 31)).getUTCDay()}`;
