/** Finding posts of all companies, newest first. */
import type { Page, PostRow } from "../api/answers.ts";
import { withQuery } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import { AccountField, CategoryField, CompanyField, PlatformField, TimeFields } from "../parts/filter-fields.tsx";
import { FilterForm } from "../parts/filter-form.tsx";
import { Paging } from "../parts/paging.tsx";
import { postColumns } from "../parts/post-cells.tsx";
import { Empty, Shown } from "../parts/shown.tsx";
import { Table } from "../parts/table.tsx";
import { Link } from "../parts/link.tsx";
import type { Place } from "../routes.ts";
import { useMayAct } from "../session.ts";
import { postStatuses } from "../wording.ts";

const pageSize = "50";
const readEveryMs = 15_000;
/** What of this page's filter a redrive knows too. */
const redriveParameters = ["companyId", "socialAccountId", "platform", "category", "from", "to"];

export function PostsView({ place, platforms }: { place: Place; platforms: readonly string[] }) {
  const { query } = place;
  const parameters = Object.fromEntries(query);
  const path = withQuery("/v1/operator/posts", { limit: pageSize, ...parameters });
  // Older pages do not change under the reader's eyes.
  const posts = useResource<Page<PostRow>>(path, { everyMs: query.has("cursor") ? null : readEveryMs });
  return (
    <>
      <h1 tabIndex={-1}>Posts</h1>
      <FilterForm label="Find posts" place={place}>
        <label class="wide">
          Id
          <input
            type="search"
            name="q"
            placeholder="of the post, here or on the platform"
            defaultValue={query.get("q") ?? ""}
          />
        </label>
        <PlatformField query={query} platforms={platforms} />
        <CategoryField query={query} />
        <CompanyField query={query} />
        <AccountField query={query} />
        <TimeFields query={query} />
        {query.has("clientId") ? (
          <label>
            Client
            <input name="clientId" defaultValue={query.get("clientId") ?? ""} />
          </label>
        ) : null}
        <Statuses chosen={(query.get("status") ?? "").split(",")} />
      </FilterForm>
      <SendAgainHint place={place} />
      <Shown resource={posts}>
        {({ data, nextCursor }) => (
          <>
            {data.length === 0 ? (
              <Empty>{query.size === 0 ? "There are no posts yet." : "No post fits."}</Empty>
            ) : (
              <Table caption="Posts, newest first" columns={postColumns} rows={data} keyOf={({ id }) => id} />
            )}
            <Paging place={place} nextCursor={nextCursor} />
          </>
        )}
      </Shown>
    </>
  );
}

function Statuses({ chosen }: { chosen: readonly string[] }) {
  return (
    <fieldset class="wide choices">
      <legend>State</legend>
      {postStatuses.map((status) => (
        <label key={status}>
          <input type="checkbox" name="status" value={status} defaultChecked={chosen.includes(status)} />
          {status}
        </label>
      ))}
    </fieldset>
  );
}

function SendAgainHint({ place: { query } }: { place: Place }) {
  const mayAct = useMayAct();
  const states = (query.get("status") ?? "").split(",").filter((status) => status !== "");
  if (!mayAct || !states.some((status) => status === "failed" || status === "missed")) return null;
  const parameters: Record<string, string | undefined> = {};
  for (const name of redriveParameters) parameters[name] = query.get(name) ?? undefined;
  if (states.length === 1) parameters["status"] = states[0];
  return (
    <p>
      <Link href={withQuery("/redrive", parameters)}>Send these again …</Link>
    </p>
  );
}
