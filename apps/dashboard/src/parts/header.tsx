/** The frame's head: where one can go, how fresh the figures are, and who is looking. */
import type { OverviewFeed } from "../live/overview-feed.ts";
import { routeOf, type Place } from "../routes.ts";
import { count } from "../wording.ts";
import { Freshness } from "./freshness.tsx";
import { Link } from "./link.tsx";

export interface HeaderProps {
  place: Place;
  feed: OverviewFeed;
  user: string;
  role: string;
  onLogOut(): void;
}

const entries = [
  { href: "/", title: "Overview", views: ["overview", "log-in"] },
  { href: "/posts", title: "Posts", views: ["posts", "post"] },
  { href: "/unconfirmed", title: "Unconfirmed", views: ["unconfirmed"] },
  { href: "/redrive", title: "Send again", views: ["redrive"] },
  { href: "/accounts", title: "Accounts", views: ["accounts"] },
  { href: "/audit", title: "Audit", views: ["audit"] },
] as const;

export function Header({ place, feed, user, role, onLogOut }: HeaderProps) {
  const { view } = routeOf(place.path);
  const unconfirmed = feed.overview?.posts.unconfirmed ?? 0;
  return (
    <header class="head">
      <Link href="/" class="brand">
        Punctual
      </Link>
      <nav aria-label="Views">
        <ul>
          {entries.map(({ href, title, views }) => (
            <li key={href}>
              <Link href={href} aria-current={(views as readonly string[]).includes(view) ? "page" : undefined}>
                {title}
                {href === "/unconfirmed" && unconfirmed > 0 ? <span class="badge"> {count(unconfirmed)}</span> : null}
              </Link>
            </li>
          ))}
          <li>
            <a href="/queues">Queues</a>
          </li>
          <li>
            <a href="/docs">API</a>
          </li>
        </ul>
      </nav>
      <div class="who">
        <Freshness feed={feed} />
        <span title={role === "viewer" ? "A viewer looks and changes nothing." : undefined}>
          {user}
          {role === "viewer" ? " (looking only)" : ""}
        </span>
        <button onClick={onLogOut}>Log out</button>
      </div>
    </header>
  );
}
