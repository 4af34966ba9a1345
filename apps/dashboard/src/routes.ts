/** The page's addresses, as in apps/api/src/plugins/dashboard.ts: all state worth keeping or sending is in them. */
import { useEffect, useState } from "preact/hooks";

export interface Place {
  path: string;
  query: URLSearchParams;
}

const moved = new Set<() => void>();
addEventListener("popstate", () => announce());

export function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** Goes to an address of the page, without loading anything. */
export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  if (to !== location.pathname + location.search) {
    if (replace) history.replaceState(null, "", to);
    else history.pushState(null, "", to);
  }
  announce();
}

export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const listener = () => setPlace(here());
    moved.add(listener);
    listener();
    return () => void moved.delete(listener);
  }, []);
  return place;
}

export type Route =
  | { view: "overview" | "log-in" | "posts" | "unconfirmed" | "redrive" | "accounts" | "audit" | "unknown" }
  | { view: "post"; id: string };

export function routeOf(path: string): Route {
  const [, first = "", id, ...more] = path.split("/");
  if (first === "" && id === undefined) return { view: "overview" };
  if (first === "posts" && id !== undefined && id !== "" && more.length === 0) return { view: "post", id };
  const known = (["log-in", "posts", "unconfirmed", "redrive", "accounts", "audit"] as const).find(
    (view) => view === first,
  );
  return known === undefined || id !== undefined ? { view: "unknown" } : { view: known };
}

function announce(): void {
  for (const listener of moved) listener();
}
