/** The server's clock, as far as it is known, and one tick a second for everything that shows an age. */
import { useEffect, useState } from "preact/hooks";

let offsetMs = 0;
const listeners = new Set<() => void>();
let timer: number | null = null;

/** Ages are counted by the server's clock: a laptop's may be wrong. @param at an instant that was now, just now */
export function setServerTime(at: string): void {
  offsetMs = Date.parse(at) - Date.now();
}

/** @returns milliseconds since 1970 by the server's clock */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

/** Renders whoever uses it once a second. @returns `serverNow()` */
export function useNow(): number {
  const [, setTick] = useState(0);
  useEffect(() => {
    const listener = () => setTick((tick) => tick + 1);
    listeners.add(listener);
    timer ??= window.setInterval(() => {
      for (const each of listeners) each();
    }, 1_000);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || timer === null) return;
      clearInterval(timer);
      timer = null;
    };
  }, []);
  return serverNow();
}
