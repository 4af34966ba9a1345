/** What to press against a reason, by the overview's codes (apps/api/src/overview/judgement.ts). */

export interface Remedy {
  href: string;
  title: string;
}

const seeWaiting: Remedy = { href: "/posts?status=scheduled,retrying", title: "See what waits" };

const remedies: Readonly<Record<string, readonly Remedy[]>> = {
  no_worker: [seeWaiting],
  no_live_worker: [seeWaiting],
  overdue: [seeWaiting],
  platform_failing: [
    { href: "/posts?status=retrying,failed", title: "See the posts" },
    { href: "/accounts", title: "Pause accounts" },
  ],
  low_success: [
    { href: "/posts?status=failed,missed", title: "See them" },
    { href: "/redrive", title: "Send them again" },
  ],
  undecided: [{ href: "/unconfirmed", title: "Decide" }],
  disconnected: [{ href: "/accounts?state=needs_reconnect", title: "See the accounts" }],
};

/** @returns empty where nothing on this page helps; the reason's own words say what does */
export function remediesFor(code: string): readonly Remedy[] {
  return remedies[code] ?? [];
}
