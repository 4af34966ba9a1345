import type { Queue } from "../api/answers.ts";
import { count, duration } from "../wording.ts";
import { Empty } from "./shown.tsx";
import { Table, type Column } from "./table.tsx";

const columns: readonly Column<Queue>[] = [
  {
    title: "Queue",
    heading: true,
    cell: ({ queue }) => <a href={`/queues/queue/${encodeURIComponent(queue)}`}>{queue}</a>,
  },
  { title: "Due", numeric: true, cell: ({ waiting }) => count(waiting) },
  { title: "Active", numeric: true, cell: ({ active }) => count(active) },
  { title: "Delayed", numeric: true, cell: ({ delayed }) => count(delayed) },
  { title: "Failed", numeric: true, cell: ({ failed }) => count(failed) },
  {
    title: "Last probe",
    numeric: true,
    cell: ({ probeAgeMs }) => (probeAgeMs === null ? "none" : `${duration(probeAgeMs)} ago`),
  },
];

/** What Redis holds; the board has it job by job. */
export function QueuesTable({ queues }: { queues: Queue[] | null }) {
  if (queues === null)
    return <Empty>Unknown while Redis does not answer. Posts are accepted and go out without it.</Empty>;
  if (queues.length === 0) return <Empty>There are no queues yet.</Empty>;
  return (
    <Table caption="Queues" sheet={false} staysTable columns={columns} rows={queues} keyOf={({ queue }) => queue} />
  );
}
