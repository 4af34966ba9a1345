/** Under what heading an operation stands: its path says so. */
const tags: readonly { path: string; name: string; description: string }[] = [
  {
    path: "/v1/posts",
    name: "Posts",
    description: "One message, to one social account, at one instant: schedule, look, edit, cancel, decide.",
  },
  {
    path: "/v1/social-accounts",
    name: "Social accounts",
    description: "Connections to platforms. Pausing one holds its posts; credentials never come back in an answer.",
  },
  {
    path: "/v1/connections",
    name: "Connections",
    description: "Connecting social accounts through the platforms' own log-ins, without handing tokens around.",
  },
  { path: "/v1/clients", name: "Clients", description: "An agency's customers, who social accounts may belong to." },
  { path: "/v1/platforms", name: "Platforms", description: "What each platform takes and promises, as data." },
  {
    path: "/v1/events",
    name: "Events",
    description: "Everything that happens to posts and accounts, as a list and as a stream; nothing is skipped.",
  },
  {
    path: "/v1/webhook-endpoints",
    name: "Webhook endpoints",
    description:
      "Servers of yours that events are delivered to, signed after the Standard Webhooks specification and retried for days.",
  },
  {
    path: "/v1/operator",
    name: "Operators",
    description: "For those who run the installation and see all companies. Viewers look and change nothing.",
  },
  { path: "/v1/session", name: "Operators", description: "" },
  {
    path: "/livez",
    name: "Health",
    description: "For probes: does the process live, can it serve, do posts go out, and what is measured.",
  },
  { path: "/readyz", name: "Health", description: "" },
  { path: "/healthz", name: "Health", description: "" },
  { path: "/metrics", name: "Health", description: "" },
];

/** @throws if there is none: add one above */
export function tagOf(path: string): string {
  const tag = tags.find((tag) => path === tag.path || path.startsWith(`${tag.path}/`));
  if (tag === undefined) throw new Error(`no tag fits ${path}`);
  return tag.name;
}

export function allTags(): { name: string; description: string }[] {
  return tags.filter(({ description }) => description !== "").map(({ name, description }) => ({ name, description }));
}
