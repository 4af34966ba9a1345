/** The figures, each a link to the posts it counts where there is such a list. */
import type { Overview } from "../api/answers.ts";
import { count, duration, percent, type Tone } from "../wording.ts";
import { Link } from "./link.tsx";

interface Tile {
  title: string;
  value: string;
  tone?: Tone;
  href?: string;
}

/** From the contract: healthy from 95 %. */
const healthyShare = 0.95;

export function Tiles({ overview }: { overview: Overview }) {
  return (
    <div class="tile-groups">
      {groups(overview).map(({ title, tiles }) => (
        <section key={title} class="tiles" aria-label={title}>
          <h2>{title}</h2>
          <dl>
            {tiles.map((tile) => (
              <TileBox key={tile.title} tile={tile} />
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}

function TileBox({ tile: { title, value, tone, href } }: { tile: Tile }) {
  return (
    <div class={`tile ${tone ?? ""}`}>
      <dt>{href === undefined ? title : <Link href={href}>{title}</Link>}</dt>
      <dd>
        <span class="value">{value}</span>
      </dd>
    </div>
  );
}

function groups({ posts, today, successRate24h, lateness }: Overview): { title: string; tiles: Tile[] }[] {
  const length = (ms: number | null) => (ms === null ? "–" : duration(ms));
  const some = (value: number, tone: Tone): { value: string; tone?: Tone } =>
    value > 0 ? { value: count(value), tone } : { value: "0" };
  const share: { value: string; tone?: Tone } =
    successRate24h === null
      ? { value: "–" }
      : { value: percent(successRate24h), tone: successRate24h >= healthyShare ? "good" : "bad" };
  return [
    {
      title: "To come",
      tiles: [
        { title: "Waiting", value: count(posts.waiting), href: "/posts?status=scheduled,retrying" },
        { title: "Due in 1 min", value: count(posts.dueIn1m) },
        { title: "Due in 5 min", value: count(posts.dueIn5m) },
        { title: "Due in 15 min", value: count(posts.dueIn15m) },
        { title: "Overdue", ...some(posts.overdue, "bad") },
        { title: "Wait for a limit", ...some(posts.limited, "busy") },
      ],
    },
    {
      title: "Under way",
      tiles: [
        { title: "Publishing", value: count(posts.publishing), href: "/posts?status=publishing" },
        { title: "Retrying", ...some(posts.retrying, "warn"), href: "/posts?status=retrying" },
        { title: "Unconfirmed", ...some(posts.unconfirmed, "bad"), href: "/unconfirmed" },
        { title: "Held", ...some(posts.held, "warn"), href: "/posts?status=held" },
        { title: "Failed, 24 h", ...some(posts.failed24h, "bad"), href: "/posts?status=failed" },
        { title: "Missed, 24 h", ...some(posts.missed24h, "bad"), href: "/posts?status=missed" },
      ],
    },
    {
      title: `Done today (UTC), and lateness over ${lateness.windowMinutes} min`,
      tiles: [
        { title: "Published", value: count(today.published), href: "/posts?status=published" },
        { title: "Accepted", value: count(today.accepted), href: "/posts" },
        { title: "Success, 24 h", ...share },
        { title: "Half within", value: length(lateness.p50Ms) },
        { title: "99 % within", value: length(lateness.p99Ms) },
        { title: "The latest", value: length(lateness.maxMs) },
      ],
    },
  ];
}
