/** Something read from the API and shown: what came last stays on the page while it is read again, or cannot be. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { call, type Refusal } from "./client.ts";

export interface Resource<Body> {
  /** What came last; null: nothing yet. */
  body: Body | null;
  /** Why the last reading failed; null: it did not. */
  refusal: Refusal | null;
  /** Whether it is being read right now. */
  isReading: boolean;
  read(): Promise<void>;
}

export interface ResourceOptions {
  /** How often to read again by itself, in milliseconds; only while somebody looks. Null: never. */
  everyMs?: number | null;
}

/** @param path null: there is nothing to read */
export function useResource<Body>(path: string | null, { everyMs = null }: ResourceOptions = {}): Resource<Body> {
  const [state, setState] = useState<{ path: string | null; body: Body | null; refusal: Refusal | null }>(nothing);
  const [isReading, setIsReading] = useState(path !== null);
  const current = useRef<AbortController | null>(null);

  const read = useCallback(async () => {
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    if (path === null) return setState(nothing);
    setIsReading(true);
    const answer = await call<Body>("GET", path, { signal: controller.signal }).catch(() => null);
    if (answer === null || controller.signal.aborted) return;
    setIsReading(false);
    setState((before) => {
      if (answer.ok) return { path, body: answer.body, refusal: null };
      return { path, body: before.path === path ? before.body : null, refusal: answer };
    });
  }, [path]);

  useEffect(() => {
    void read();
    return () => current.current?.abort();
  }, [read]);

  useEffect(() => {
    if (everyMs === null) return;
    const timer = setInterval(() => {
      if (!document.hidden) void read();
    }, everyMs);
    return () => clearInterval(timer);
  }, [read, everyMs]);

  // What belongs to another address is not shown under this one.
  const { body, refusal } = state.path === path ? state : nothing;
  return { body, refusal, isReading: isReading || (path !== null && state.path !== path), read };
}

const nothing = { path: null, body: null, refusal: null };
