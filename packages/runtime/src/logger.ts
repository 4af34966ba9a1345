/**
 * Structured logs. Secrets and post texts never get here in the first place; redaction is the second lock, for the
 * places where a careless object could carry them.
 */
import { destination, pino, type DestinationStream, type Logger } from "pino";

export type { Logger };

const secretNames = ["authorization", "cookie", "credentials", "password", "secret", "text", "content"];
const isSecret: ReadonlySet<string> = new Set(secretNames);
const censor = "[redacted]";
/** How deep secrets are looked for. */
const depthMax = 4;

/** @param service which program speaks: `api`, `worker`, `sandbox` */
export function createLogger(service: string, level: string, stream: DestinationStream = openOutput()): Logger {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }), log: (fields) => hideWithin(fields) },
      // What loggers made from this one always say.
      redact: { paths: [...secretNames], censor },
      serializers: { err: describeError, error: describeError },
    },
    stream,
  );
}

/**
 * Hides secrets within what a line holds. Pino's own way, paths with wildcards, costs each line twice as much as all else
 * about it, since it looks for them in a copy.
 */
function hideWithin(fields: Record<string, unknown>, depth = 1): Record<string, unknown> {
  let shown = fields;
  for (const [name, value] of Object.entries(fields)) {
    const hidden =
      isSecret.has(name) && value !== undefined ? censor : isOpen(value, depth) ? hideWithin(value, depth + 1) : value;
    if (hidden !== value) shown = { ...shown, [name]: hidden };
  }
  return shown;
}

/** Errors have their own description. */
function isOpen(value: unknown, depth: number): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    depth < depthMax &&
    !Array.isArray(value) &&
    !(value instanceof Error)
  );
}

/**
 * Standard output. Written at once: nothing is lost when the process dies, and when nobody reads it any more the
 * error arrives here, where pino takes it as the end of logging. Its asynchronous writer would try for ever instead,
 * and the process would never exit.
 */
function openOutput(): DestinationStream {
  return destination({ dest: 1, sync: true });
}

/** Errors by name, code, message and stack; their other properties may hold queries, requests or credentials. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...(typeof code === "string" ? { code } : {}),
    message: summary(error.message),
    stack: frames(error.stack ?? ""),
    ...(error.cause instanceof Error ? { cause: describeError(error.cause) } : {}),
  };
}

/** A database client quotes the whole query, values and all, between its first line and the reason in the last. */
function summary(message: string): string {
  const lines = message.split("\n").filter((line) => line.trim() !== "");
  const ends = lines.length > 2 ? [lines.at(0), lines.at(-1)] : lines;
  return ends.join(" ").slice(0, 1_000);
}

/** Where it happened, without the message that Node repeats there. */
function frames(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => line.startsWith("    at "))
    .slice(0, 12)
    .join("\n");
}
