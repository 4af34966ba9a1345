/** The state in words, and why; where something can be pressed against it, a link to there. */
import type { Overview, Reason } from "../api/answers.ts";
import { useNow } from "../live/clock.ts";
import type { OverviewFeed } from "../live/overview-feed.ts";
import { counted, duration, stateTone, type Tone } from "../wording.ts";
import { oldAfterMs } from "./freshness.tsx";
import { Link } from "./link.tsx";
import { Sign } from "./sign.tsx";
import { remediesFor } from "../remedies.ts";

const headline: Readonly<Record<Overview["state"], string>> = {
  healthy: "Posts go out on time",
  degraded: "Posts go out, but something is wrong",
  down: "Posts are not going out",
};

/** The most severe come first; whoever has five seconds reads no more. */
const reasonsShownMax = 4;

const severityTone: Readonly<Record<Reason["severity"], Tone>> = { down: "bad", degraded: "warn", notice: "busy" };

export function StateBanner({ feed, overview }: { feed: OverviewFeed; overview: Overview }) {
  const ageMs = useNow() - Date.parse(overview.at);
  const isOld = ageMs >= oldAfterMs;
  return (
    <section class={`state ${isOld ? "idle" : stateTone[overview.state]}`} aria-labelledby="state">
      {isOld ? (
        <p class="old">
          These figures are {Math.round(ageMs / 1_000)} s old.{" "}
          <span role="alert">{feed.trouble ?? "The server says nothing."} Trying again …</span>
        </p>
      ) : null}
      <h1 id="state" tabIndex={-1}>
        <span class="word">{overview.state}</span>
        {isOld ? `Last known: ${headline[overview.state]}` : headline[overview.state]}
      </h1>
      <p class="summary">{summary(overview)}</p>
      <Reasons reasons={overview.reasons.slice(0, reasonsShownMax)} />
      {overview.reasons.length <= reasonsShownMax ? null : (
        <details>
          <summary>and {counted(overview.reasons.length - reasonsShownMax, "more reason")}</summary>
          <Reasons reasons={overview.reasons.slice(reasonsShownMax)} />
        </details>
      )}
    </section>
  );
}

function Reasons({ reasons }: { reasons: readonly Reason[] }) {
  if (reasons.length === 0) return null;
  return (
    <ul class="reasons">
      {reasons.map((reason, index) => (
        <ReasonLine key={`${reason.code} ${index}`} reason={reason} />
      ))}
    </ul>
  );
}

function ReasonLine({ reason: { code, severity, message } }: { reason: Reason }) {
  return (
    <li>
      <Sign tone={severityTone[severity]}>{message}</Sign>
      {remediesFor(code).map(({ href, title }) => (
        <Link key={href} href={href}>
          {title}
        </Link>
      ))}
    </li>
  );
}

function summary({ lateness, today, posts }: Overview): string {
  const late =
    lateness.p99Ms === null
      ? `Nothing was published in the last ${lateness.windowMinutes} minutes`
      : `99 of 100 posts started within ${duration(lateness.p99Ms)} in the last ${lateness.windowMinutes} minutes`;
  const people = posts.unconfirmed + posts.held;
  return [
    late,
    `${counted(today.published, "post")} published today (UTC)`,
    people === 0 ? "no post waits for a person" : `${counted(people, "post")} held or unconfirmed`,
  ].join(" · ");
}
