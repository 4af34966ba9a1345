/** Who did what, when, from where, and what came of it. */
import type { AuditEntry, Page } from "../api/answers.ts";
import { withQuery } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import { FilterForm } from "../parts/filter-form.tsx";
import { When } from "../parts/instant.tsx";
import { Link } from "../parts/link.tsx";
import { Paging } from "../parts/paging.tsx";
import { Empty, Shown } from "../parts/shown.tsx";
import { Sign } from "../parts/sign.tsx";
import { Table, type Column } from "../parts/table.tsx";
import type { Place } from "../routes.ts";
import { plain, type Tone } from "../wording.ts";

const readEveryMs = 10_000;

const columns: readonly Column<AuditEntry>[] = [
  { title: "When", cell: ({ at }) => <When at={at} /> },
  {
    title: "Who",
    cell: ({ user, via, address }) => (
      <>
        {user} <span class="note">{`${via === "session" ? "page" : "script"}, ${address}`}</span>
      </>
    ),
  },
  { title: "What", heading: true, cell: ({ action }) => plain(action) },
  { title: "Which", cell: (entry) => <Subject entry={entry} /> },
  { title: "Outcome", cell: (entry) => <Came entry={entry} /> },
  { title: "Detail", cell: ({ detail }) => <span class="note">{describe(detail)}</span> },
];

export function AuditView({ place }: { place: Place }) {
  const { query } = place;
  const path = withQuery("/v1/operator/audit", Object.fromEntries(query));
  const entries = useResource<Page<AuditEntry>>(path, { everyMs: query.has("cursor") ? null : readEveryMs });
  return (
    <>
      <h1 tabIndex={-1}>Audit</h1>
      <FilterForm label="Find actions" place={place}>
        <label>
          Who
          <select name="user">
            <option value="">anybody</option>
            {["operator", "viewer"].map((user) => (
              <option key={user} selected={query.get("user") === user}>
                {user}
              </option>
            ))}
          </select>
        </label>
        <label>
          Action
          <input name="action" placeholder="such as post.retry" defaultValue={query.get("action") ?? ""} />
        </label>
        <label>
          Post
          <input name="postId" placeholder="id" defaultValue={query.get("postId") ?? ""} />
        </label>
        <label>
          Account
          <input name="socialAccountId" placeholder="id" defaultValue={query.get("socialAccountId") ?? ""} />
        </label>
      </FilterForm>
      <Shown resource={entries}>
        {({ data, nextCursor }) => (
          <>
            {data.length === 0 ? (
              <Empty>{query.size === 0 ? "No operator has done anything yet." : "No action fits."}</Empty>
            ) : (
              <Table caption="Actions, newest first" columns={columns} rows={data} keyOf={({ id }) => id} />
            )}
            <Paging place={place} nextCursor={nextCursor} />
          </>
        )}
      </Shown>
    </>
  );
}

function Subject({ entry: { postId, socialAccountId, companyId } }: { entry: AuditEntry }) {
  if (postId !== null) return <Link href={`/posts/${postId}`}>post …{postId.slice(-8)}</Link>;
  if (socialAccountId !== null)
    return <Link href={withQuery("/accounts", { q: socialAccountId })}>account …{socialAccountId.slice(-8)}</Link>;
  if (companyId !== null) return <Link href={withQuery("/posts", { companyId })}>company …{companyId.slice(-8)}</Link>;
  return <span class="note">–</span>;
}

const tones: Readonly<Record<NonNullable<AuditEntry["outcome"]>, Tone>> = {
  done: "good",
  refused: "warn",
  failed: "bad",
};

function Came({ entry: { outcome, code, status } }: { entry: AuditEntry }) {
  if (outcome === null) return <Sign tone="idle">not known</Sign>;
  return (
    <Sign tone={tones[outcome]}>
      {outcome} <span class="note">{code === null ? "" : `${plain(code)} ${status ?? ""}`}</span>
    </Sign>
  );
}

function describe(detail: Record<string, unknown>): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}
