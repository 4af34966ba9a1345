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
export function createLogger(service: string, level: string, stream: DestinationStream = destination(1)): Logger {
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
