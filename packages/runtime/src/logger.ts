/**
 * Structured logs. Secrets and post texts never get here in the first place; redaction is the second lock, for the
 * places where a careless object could carry them.
 */
import { destination, pino, type DestinationStream, type Logger } from "pino";

export type { Logger };

const secretPaths = [
  "authorization",
  "credentials",
  "password",
  "secret",
  "text",
  "content",
  "headers.authorization",
  "headers.cookie",
  "req.headers.authorization",
  "req.headers.cookie",
];

/** @param service which program speaks: `api`, `worker`, `sandbox` */
export function createLogger(service: string, level: string, stream: DestinationStream = openOutput()): Logger {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...secretPaths, ...secretPaths.map((path) => `*.${path}`)], censor: "[redacted]" },
      serializers: { err: describeError, error: describeError },
    },
    stream,
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
    message: firstLines(error.message),
    stack: error.stack === undefined ? undefined : firstLines(error.stack, 12),
    ...(error.cause instanceof Error ? { cause: describeError(error.cause) } : {}),
  };
}

function firstLines(text: string, count = 4): string {
  return text.split("\n", count).join("\n").slice(0, 2_000);
}
