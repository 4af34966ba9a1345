/** Points in time: in the reader's own zone, with UTC for those who compare logs, and how long ago, ticking. */
import { useNow } from "../live/clock.ts";
import { relative } from "../wording.ts";

const sameDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const otherDay = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
const exact = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

export interface InstantProps {
  at: string;
  /** With milliseconds, where the order of things matters. */
  precise?: boolean;
}

export function Instant({ at, precise = false }: InstantProps) {
  return (
    <time dateTime={at} title={utc(at)}>
      {local(at, precise)}
    </time>
  );
}

export function Age({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={`${local(at)} · ${utc(at)}`} class="age">
      {relative(now - Date.parse(at))}
    </time>
  );
}

/** Both: the instant, and how long ago. */
export function When({ at }: { at: string }) {
  return (
    <span class="when">
      <Instant at={at} /> <Age at={at} />
    </span>
  );
}

export function local(at: string, precise = false): string {
  const date = new Date(at);
  if (date.toDateString() !== new Date().toDateString())
    return precise ? `${otherDay.format(date)}:${String(date.getSeconds()).padStart(2, "0")}` : otherDay.format(date);
  return (precise ? exact : sameDay).format(date);
}

export function utc(at: string): string {
  return `${at.replace("T", " ").replace("Z", "")} UTC`;
}
