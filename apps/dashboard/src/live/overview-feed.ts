/**
 * The overview as it changes: a stream, and where there is none a reading every ten seconds. It never stops trying;
 * what it shows and cannot renew gets old visibly. While nobody looks at the page it lets go of the server.
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Overview } from "../api/answers.ts";
import { call } from "../api/client.ts";
import { readEventStream, type ServerEvent } from "../api/event-stream.ts";
import { setServerTime } from "./clock.ts";

export interface OverviewFeed {
  /** The last one that came; null: none yet. */
  overview: Overview | null;
  /** How it comes; null: it does not. */
  by: "stream" | "polling" | null;
  /** Why nothing new came; null: it does. */
  trouble: string | null;
  /** Reads anew, and has the charts do so too. */
  refresh(): Promise<void>;
  /** How often somebody refreshed. */
  refreshes: number;
}

const pollEveryMs = 10_000;
const silenceMaxMs = 12_000;
const againAfterMs = 3_000;
/** A stream that stays silent is not asked for again at once: something on the way may swallow streams. */
const pollsBetweenStreams = 6;
const streamPath = "/v1/operator/overview/stream";

export function useOverviewFeed(): OverviewFeed {
  const [state, setState] = useState<Pick<OverviewFeed, "overview" | "by" | "trouble">>({
    overview: null,
    by: null,
    trouble: null,
  });

  const [refreshes, setRefreshes] = useState(0);
  const streams = useRef(false);

  const accept = useCallback((overview: Overview) => {
    setServerTime(overview.at);
    setState({ overview, by: streams.current ? "stream" : "polling", trouble: null });
  }, []);
  const complain = useCallback((trouble: string) => setState((before) => ({ ...before, by: null, trouble })), []);
  const poll = useCallback(
    async (signal?: AbortSignal) => {
      const answer = await call<Overview>("GET", "/v1/operator/overview", signal === undefined ? {} : { signal });
      if (answer.ok) accept(answer.body);
      else complain(answer.message);
    },
    [accept, complain],
  );

  useEffect(() => {
    let running: AbortController | null = null;
    const resume = () => {
      running?.abort();
      running = null;
      if (document.hidden) return;
      running = new AbortController();
      void follow(running.signal, { streams, accept, complain, poll });
    };
    resume();
    document.addEventListener("visibilitychange", resume);
    return () => {
      document.removeEventListener("visibilitychange", resume);
      running?.abort();
    };
  }, [accept, complain, poll]);

  const refresh = () => {
    setRefreshes((before) => before + 1);
    return poll();
  };
  return { ...state, refreshes, refresh };
}

interface Follower {
  /** Whether the stream brings something. */
  streams: { current: boolean };
  accept(overview: Overview): void;
  complain(trouble: string): void;
  poll(signal: AbortSignal): Promise<void>;
}

async function follow(signal: AbortSignal, { streams, accept, complain, poll }: Follower): Promise<void> {
  const onEvent = ({ event, data }: ServerEvent) => {
    streams.current = true;
    if (event === "overview") accept(JSON.parse(data) as Overview);
    else if (event === "unavailable") complain((JSON.parse(data) as { message: string }).message);
  };
  // Beside the stream, so that one that is swallowed does not leave the page empty.
  void poll(signal).catch(() => {});
  while (!signal.aborted) {
    const end = await readEventStream(streamPath, { signal, silenceMaxMs, onEvent });
    streams.current = false;
    if (signal.aborted || (end.kind === "refused" && end.status === 401)) return;
    const silent = end.kind === "silent";
    for (let polls = silent ? pollsBetweenStreams : 1; polls > 0 && !signal.aborted; polls -= 1) {
      await poll(signal).catch(() => {});
      await pause(silent ? pollEveryMs : againAfterMs, signal);
    }
  }
}

/** Ends early when `signal` does. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
