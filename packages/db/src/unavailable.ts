/**
 * Telling "Postgres cannot serve now" from a mistake of ours: the first is answered with "try again", the second is a
 * bug. Prisma wraps the driver's errors; what the pool itself says comes as it is and is known by its text only.
 */

/** Of Prisma's driver adapter for pg. */
const adapterKinds: ReadonlySet<unknown> = new Set([
  "DatabaseNotReachable",
  "ConnectionClosed",
  "SocketTimeout",
  "TlsConnectionError",
  "TooManyConnections",
  "TransactionWriteConflict",
  "AuthenticationFailed",
  "DatabaseAccessDenied",
  "DatabaseDoesNotExist",
]);

/** Classes of SQLSTATE: connection, resources, operator's intervention (shutdown, timeout). */
const sqlStateClasses: ReadonlySet<string> = new Set(["08", "53", "57"]);
const lockNotAvailable = "55P03";
/** A standby that has not been promoted yet; a lock not to be had in time. */
const sqlStates: ReadonlySet<string> = new Set(["25006", lockNotAvailable]);

/** Of a connection that was given up because no answer came. */
export const databaseSilence = "Postgres did not answer in time";

const driverMessages: ReadonlySet<string> = new Set([
  "timeout exceeded when trying to connect",
  "timeout expired",
  databaseSilence,
  "Connection terminated",
  "Connection terminated unexpectedly",
  "Connection terminated due to connection timeout",
  "Client has encountered a connection error and is not queryable",
  "Client was closed and is not queryable",
]);

/** Of Prisma's interactive transactions: no connection came free in time, or their own time ran out and nothing was changed. */
const transactionFault = "P2028";
const transactionOutages = /Unable to start a transaction in the given time|expired transaction/;

interface AdapterCause {
  kind?: unknown;
  originalCode?: unknown;
}

/** Whether an error of a query says that Postgres cannot serve now, so that the same may work later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && error.code === transactionFault) return transactionOutages.test(error.message);
  const { kind, originalCode } = adapterCause(error);
  if (adapterKinds.has(kind)) return true;
  if (typeof originalCode === "string") {
    return sqlStateClasses.has(originalCode.slice(0, 2)) || sqlStates.has(originalCode);
  }
  return driverMessages.has(error.message);
}

/** Whether a statement ended because a lock was not to be had in the time it was given. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && adapterCause(error).originalCode === lockNotAvailable;
}

function adapterCause(error: Error): AdapterCause {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: AdapterCause } } };
  // Interactive transactions let the adapter's own error through.
  const direct = error.name === "DriverAdapterError" ? (error.cause as AdapterCause | undefined) : undefined;
  return meta?.driverAdapterError?.cause ?? direct ?? {};
}
