/** What one look during a soak saw. All of it is data: it is written to the JSON file and can be judged and drawn again. */

export interface SoakSample {
  /** Since scheduling began. */
  atSeconds: number;
  /** How long the interval was that this sample ends. */
  seconds: number;
  /** Posts accepted, and posts arrived, within the interval. */
  accepted: number;
  arrived: number;
  scheduling: Percentiles | null;
  lateness: Percentiles | null;
  /** By name: `api`, `worker 1` ... */
  processes: Record<string, ProcessSample>;
  /** In Postgres for each post that arrived, whatever asked for it, in milliseconds. */
  postgresMsPerPost: number | null;
  /** By statement, of those called within the interval. */
  statements: Record<string, { calls: number; meanMs: number }>;
  redis: { bytes: number; keys: number; waiting: number };
  /** With indexes, by table. */
  tableBytes: Record<string, number>;
  /** The share of the machine that others used; null: nobody knows. */
  otherWork: number | null;
}

export interface Percentiles {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export interface ProcessSample {
  residentBytes: number;
  heapBytes: number;
  /** Of one core, within the interval. */
  cpuPercent: number;
}
