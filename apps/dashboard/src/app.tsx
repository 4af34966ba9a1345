/** Log-in first, then the frame with one view in it. */
import { useEffect, useErrorBoundary, useRef } from "preact/hooks";
import type { Overview } from "./api/answers.ts";
import { useOverviewFeed, type OverviewFeed } from "./live/overview-feed.ts";
import { Header } from "./parts/header.tsx";
import { StateAnnouncer } from "./parts/state-announcer.tsx";
import { routeOf, usePlace, type Place } from "./routes.ts";
import { SessionContext, useSession, type SessionKeeper } from "./session.ts";
import { AccountsView } from "./views/accounts.tsx";
import { AuditView } from "./views/audit.tsx";
import { LogInView } from "./views/log-in.tsx";
import { OverviewView } from "./views/overview.tsx";
import { PostView } from "./views/post.tsx";
import { PostsView } from "./views/posts.tsx";
import { RedriveView } from "./views/redrive.tsx";
import { UnconfirmedView } from "./views/unconfirmed.tsx";
import { UnknownView } from "./views/unknown.tsx";

export function App() {
  const keeper = useSession();
  const { state } = keeper;
  switch (state.kind) {
    case "asking":
      return <p class="booting">Loading …</p>;
    case "unreachable":
      return (
        <p class="booting" role="alert">
          {state.message} Trying again …
        </p>
      );
    case "out":
      return <LogInView logIn={keeper.logIn} />;
    case "in":
      return (
        <SessionContext.Provider value={state.session}>
          <Frame keeper={keeper} user={state.session.user} role={state.session.role} />
        </SessionContext.Provider>
      );
  }
}

function Frame({ keeper, user, role }: { keeper: SessionKeeper; user: string; role: string }) {
  const place = usePlace();
  const feed = useOverviewFeed();
  const main = useRef<HTMLElement>(null);
  const lastPath = useRef(place.path);

  // Whoever follows a link by keyboard or ear begins at the top of what it led to.
  useEffect(() => {
    if (lastPath.current === place.path) return;
    lastPath.current = place.path;
    scrollTo(0, 0);
    main.current?.querySelector("h1")?.focus();
  }, [place.path]);

  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header place={place} feed={feed} user={user} role={role} onLogOut={() => void keeper.logOut()} />
      <StateAnnouncer overview={feed.overview} />
      <main id="main" ref={main} tabIndex={-1}>
        <GuardedView key={place.path} place={place} feed={feed} />
      </main>
    </>
  );
}

/** A view with a fault in it must not take the frame along: who is in trouble needs the others. */
function GuardedView({ place, feed }: { place: Place; feed: OverviewFeed }) {
  const [fault, reset] = useErrorBoundary((error: unknown) => reportError(error)) as [unknown, () => void];
  if (fault === undefined) return <View place={place} feed={feed} />;
  return (
    <>
      <h1 tabIndex={-1}>This view cannot be shown</h1>
      <p class="told bad" role="alert">
        That is a fault of this page. {fault instanceof Error ? fault.message : ""}{" "}
        <button onClick={reset}>Try again</button>
      </p>
    </>
  );
}

function View({ place, feed }: { place: Place; feed: OverviewFeed }) {
  const route = routeOf(place.path);
  const platforms = knownPlatforms(feed.overview);
  switch (route.view) {
    case "overview":
    case "log-in":
      return <OverviewView feed={feed} />;
    case "posts":
      return <PostsView place={place} platforms={platforms} />;
    case "post":
      return <PostView key={route.id} id={route.id} place={place} />;
    case "unconfirmed":
      return <UnconfirmedView place={place} />;
    case "redrive":
      return <RedriveView place={place} platforms={platforms} />;
    case "accounts":
      return <AccountsView place={place} platforms={platforms} />;
    case "audit":
      return <AuditView place={place} />;
    case "unknown":
      return <UnknownView />;
  }
}

/** Those that workers serve, and those that fail. */
function knownPlatforms(overview: Overview | null): string[] {
  if (overview === null) return [];
  const served = overview.workers.flatMap(({ platforms }) => platforms);
  return [...new Set([...served, ...overview.failures.map(({ platform }) => platform)])].toSorted();
}
