import type { Worker } from "../api/answers.ts";
import { count, workerTone } from "../wording.ts";
import { Age } from "./instant.tsx";
import { Empty } from "./shown.tsx";
import { Sign } from "./sign.tsx";
import { Table, type Column } from "./table.tsx";

const columns: readonly Column<Worker>[] = [
  { title: "Worker", heading: true, cell: ({ id }) => <code>{id}</code> },
  { title: "State", cell: ({ state }) => <Sign tone={workerTone[state]}>{state}</Sign> },
  { title: "Seen", cell: ({ lastSeenAt }) => <Age at={lastSeenAt} /> },
  {
    title: "Publishing",
    numeric: true,
    cell: ({ running, concurrency }) => `${count(running)} of ${count(concurrency)} a queue`,
  },
  { title: "Platforms", cell: ({ platforms }) => platforms.join(", ") },
  { title: "Host", cell: ({ host }) => host },
  { title: "Version", cell: ({ version }) => version },
  { title: "Started", cell: ({ startedAt }) => <Age at={startedAt} /> },
];

export function WorkersTable({ workers }: { workers: Worker[] }) {
  if (workers.length === 0)
    return (
      <Empty>
        No worker was heard of in the last 10 minutes. Start one: <code>node apps/worker/src/main.ts</code>
      </Empty>
    );
  return <Table caption="Workers" sheet={false} columns={columns} rows={workers} keyOf={({ id }) => id} />;
}
