/** The first page: whether posts go out on time; if not, why, and where to press. */
import { Charts } from "../parts/charts.tsx";
import { FailuresTable } from "../parts/failures-table.tsx";
import { LastError } from "../parts/last-error.tsx";
import { QueuesTable } from "../parts/queues-table.tsx";
import { Services } from "../parts/services.tsx";
import { StateBanner } from "../parts/state-banner.tsx";
import { Tiles } from "../parts/tiles.tsx";
import { WorkersTable } from "../parts/workers-table.tsx";
import type { OverviewFeed } from "../live/overview-feed.ts";

export function OverviewView({ feed }: { feed: OverviewFeed }) {
  const { overview, trouble } = feed;
  if (overview === null) {
    return (
      <>
        <h1 tabIndex={-1}>{trouble === null ? "Reading the figures …" : "There are no figures"}</h1>
        {trouble === null ? null : (
          <p class="told bad" role="alert">
            {trouble} Trying again …
          </p>
        )}
      </>
    );
  }
  return (
    <>
      <StateBanner feed={feed} overview={overview} />
      <Tiles overview={overview} />
      <Charts refreshes={feed.refreshes} />
      <div class="columns">
        <section aria-labelledby="failures">
          <h2 id="failures">Failed attempts, 24 h</h2>
          <FailuresTable failures={overview.failures} />
          <LastError error={overview.lastError} />
          <h2>Services</h2>
          <Services services={overview.services} />
        </section>
        <section aria-labelledby="queues">
          <h2 id="queues">Queues</h2>
          <QueuesTable queues={overview.queues} />
        </section>
      </div>
      <section aria-labelledby="workers">
        <h2 id="workers">Workers</h2>
        <WorkersTable workers={overview.workers} />
      </section>
    </>
  );
}
