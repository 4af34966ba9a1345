/** The API's answers, judged: how fast they came, and those that should never have been given. */
import type { ApiClient, Call } from "./api-client.ts";
import type { Breach } from "./invariants.ts";
import type { TroubleLog } from "./trouble.ts";

/** How long after Postgres came back a request may still be refused that waited for a connection, in milliseconds. */
const postgresAftermathMs = 15_000;
/** Whoever waited so long for a connection was not refused for nothing: the machine is out of breath. */
const connectionWaitMs = 4_900;
/** Nor was whoever came to a process that says so: it had been kept from running for too long. */
const overloaded = "overloaded ";
const redisAftermathMs = 2_000;

export function judgeCalls(
  client: ApiClient,
  trouble: TroubleLog,
): {
  breaches: Breach[];
  quiet: number[];
  redisInTrouble: number[];
  refusedFor503: number;
  outOfBreath: number;
  unanswered: number;
} {
  const breaches: Breach[] = [];
  const quiet: number[] = [];
  const redisInTrouble: number[] = [];
  let refusedFor503 = 0;
  let outOfBreath = 0;
  let unanswered = 0;
  for (const call of client.calls) {
    const interval = { from: call.from, until: call.until };
    const excused = trouble.touched(["postgres", call.api, `${call.api}/postgres`], interval, postgresAftermathMs);
    if (call.status === null) {
      unanswered += 1;
    } else if (call.status >= 500) {
      refusedFor503 += 1;
      const waited = call.until - call.from >= connectionWaitMs || call.detail.startsWith(overloaded);
      if (!excused && waited) outOfBreath += 1;
      if (call.status !== 503 || !call.retryAfter || !(excused || waited)) breaches.push(badAnswer(call));
    } else if (!excused) {
      const redis = trouble.touched(["redis", `${call.api}/redis`], interval, redisAftermathMs);
      (redis ? redisInTrouble : quiet).push(call.until - call.from);
    }
  }
  return { breaches, quiet, redisInTrouble, refusedFor503, outOfBreath, unanswered };
}

function badAnswer({ method, path, api, status, retryAfter, detail, from }: Call): Breach {
  const when = new Date(from).toISOString();
  const wait = retryAfter ? "" : " without Retry-After";
  return { kind: "bad answer", post: null, detail: `${when} ${api} ${method} ${path}: ${status}${wait} ${detail}` };
}
