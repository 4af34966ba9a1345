/** How old the figures are, and a button for those who cannot wait. */
import { useState } from "preact/hooks";
import { useNow } from "../live/clock.ts";
import type { OverviewFeed } from "../live/overview-feed.ts";

/** Two readings of the stream, and some patience. */
export const oldAfterMs = 12_000;

export function Freshness({ feed }: { feed: OverviewFeed }) {
  const now = useNow();
  const [isReading, setIsReading] = useState(false);
  const ageMs = feed.overview === null ? null : now - Date.parse(feed.overview.at);
  const refresh = async () => {
    setIsReading(true);
    await feed.refresh();
    setIsReading(false);
  };
  return (
    <span class="fresh">
      <span class={`pulse ${ageMs !== null && ageMs < oldAfterMs ? "good" : "bad"}`} aria-hidden="true" />
      <span>{describe(feed, ageMs)}</span>
      <button onClick={() => void refresh()} aria-disabled={isReading} title="Read the figures again">
        Refresh
      </button>
    </span>
  );
}

function describe({ by, overview }: OverviewFeed, ageMs: number | null): string {
  if (overview === null || ageMs === null) return "no figures yet";
  if (ageMs >= oldAfterMs) return `${Math.round(ageMs / 1_000)} s old`;
  return by === "polling" ? "every 10 s" : "live";
}
