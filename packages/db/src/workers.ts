/** Signs of life of worker processes. They show what is; whether a post may be taken from a worker is its lease's matter. */
import type { Database } from "./database.ts";

/** One queue a worker takes from. */
export interface WorkerLane {
  queue: string;
  running: number;
  /** Jobs it ever took. */
  taken: number;
  /** How long ago a probe job came through, in milliseconds; null: none did yet. */
  probeAgeMs: number | null;
}

/** One maintenance service a worker runs. */
export interface WorkerService {
  name: string;
  /** How long ago it last did a round without a fault, in milliseconds; null: never yet. */
  idleMs: number | null;
  failing: boolean;
}

export interface Heartbeat {
  id: string;
  host: string;
  version: string;
  platforms: readonly string[];
  /** Posts at a time, per queue. */
  concurrency: number;
  /** Posts it is publishing. */
  running: number;
  stopping: boolean;
  lanes: readonly WorkerLane[];
  services: readonly WorkerService[];
  /** How long its process has run, in milliseconds. */
  upMs: number;
}

export interface WorkerRecord extends Omit<Heartbeat, "upMs"> {
  startedAt: Date;
  lastSeenAt: Date;
  /** How long ago that was by the database's clock, in milliseconds. */
  silentMs: number;
}

export const workerTimes = {
  heartbeatMs: 5_000,
  /** A worker that says nothing for so long counts as dead, in milliseconds. */
  silenceMaxMs: 15_000,
} as const;

export async function recordHeartbeat(database: Database, beat: Heartbeat): Promise<void> {
  const { id, host, version, platforms, concurrency, running, stopping, lanes, services, upMs } = beat;
  await database.prisma.$executeRaw`
    INSERT INTO workers (id, host, version, platforms, concurrency, running, stopping, lanes, services, started_at, last_seen_at)
    VALUES (${id}, ${host}, ${version}, ${[...platforms]}::text[], ${concurrency}::integer, ${running}::integer, ${stopping},
            ${JSON.stringify(lanes)}::jsonb, ${JSON.stringify(services)}::jsonb,
            app_now() - ${upMs} * interval '1 millisecond', app_now())
    ON CONFLICT (id) DO UPDATE
    SET host = excluded.host, version = excluded.version, platforms = excluded.platforms, concurrency = excluded.concurrency,
        running = excluded.running, stopping = excluded.stopping, lanes = excluded.lanes, services = excluded.services,
        started_at = CASE WHEN ${upMs} < ${workerTimes.heartbeatMs} THEN excluded.started_at ELSE workers.started_at END,
        last_seen_at = excluded.last_seen_at`;
}

/** The worker stopped in peace; or it has been silent for so long that nobody asks for it any more. */
export async function forgetWorker(database: Database, id: string): Promise<void> {
  await database.prisma.$executeRaw`DELETE FROM workers WHERE id = ${id}`;
}

/** @param silentMsMax only those heard of within this time */
export function listWorkers(database: Database, silentMsMax: number): Promise<WorkerRecord[]> {
  return database.prisma.$queryRaw<WorkerRecord[]>`
    SELECT id, host, version, platforms, concurrency, running, stopping, lanes, services, started_at AS "startedAt",
           last_seen_at AS "lastSeenAt",
           (extract(epoch FROM app_now() - last_seen_at) * 1000)::double precision AS "silentMs"
    FROM workers WHERE last_seen_at > app_now() - ${silentMsMax} * interval '1 millisecond'
    ORDER BY last_seen_at DESC, id LIMIT 500`;
}
