/** The time as the stand-ins see it: moved by command, so that nobody waits for an hour to pass. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds ahead of the real time. */
  ahead(): number;
  advance(ms: number): void;
  reset(): void;
}

export function createClock(): Clock {
  let aheadMs = 0;
  return {
    now: () => Date.now() + aheadMs,
    ahead: () => aheadMs,
    advance(ms) {
      aheadMs += ms;
    },
    reset() {
      aheadMs = 0;
    },
  };
}
