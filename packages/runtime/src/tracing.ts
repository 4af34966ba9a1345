/**
 * Traces in OpenTelemetry's terms: what a request led to, through the job to the call of the platform. Where no
 * collector is named nothing is loaded and nothing measured: every span is then one and the same that does nothing.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { withinMs, type Service } from "./service.ts";

export type SpanKind = "server" | "client" | "consumer" | "internal";
/** Ids, states and numbers; never texts or secrets. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  name: string;
  kind: SpanKind;
  /** What it follows from, as a W3C traceparent; null: it begins a trace. Left out: the span it is begun in. */
  parent?: string | null;
  attributes?: SpanAttributes;
  /** As a Unix time in milliseconds, if it began before. */
  startedAt?: number;
}

export interface Span {
  /** As a W3C traceparent; null: nothing is traced. */
  readonly traceParent: string | null;
  set(attributes: SpanAttributes): void;
  /** It did not come to what it should. @param reason free of texts and secrets */
  fail(reason: string): void;
  end(): void;
}

export interface Tracing extends Service {
  readonly isOn: boolean;
  begin(start: SpanStart): Span;
  /** Runs something in a span: what begins in there without naming a parent follows from it. */
  during<Result>(span: Span, work: () => Result): Result;
  /** The same, from begin to end; a throw is a failure. */
  within<Result>(start: SpanStart, work: (span: Span) => Promise<Result>): Promise<Result>;
  /** The traceparent of the span we are in; null: none. */
  current(): string | null;
}

const nothing: Span = { traceParent: null, set() {}, fail() {}, end() {} };

export const noTracing: Tracing = {
  isOn: false,
  async start() {},
  async stop() {},
  begin: () => nothing,
  during: (_span, work) => work(),
  within: (_start, work) => work(nothing),
  current: () => null,
};

const exportIntervalMs = 2_000;
/** How long a stop waits for the collector. */
const flushTimeoutMs = 2_000;
const traceParentPattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** @param options.endpoint of an OTLP collector over HTTP, without a path; undefined: nothing is traced */
export async function openTracing(options: {
  endpoint: string | undefined;
  service: string;
  version: string;
}): Promise<Tracing> {
  const { endpoint, service, version } = options;
  if (endpoint === undefined) return noTracing;
  const [{ trace, ROOT_CONTEXT, SpanKind, SpanStatusCode }, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import("@opentelemetry/api"),
      import("@opentelemetry/sdk-trace"),
      import("@opentelemetry/exporter-trace-otlp-http"),
      import("@opentelemetry/resources"),
    ]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, "")}/v1/traces` });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ "service.name": `punctual-${service}`, "service.version": version }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: exportIntervalMs })],
  });
  const tracer = provider.getTracer("punctual");
  const kinds = {
    server: SpanKind.SERVER,
    client: SpanKind.CLIENT,
    consumer: SpanKind.CONSUMER,
    internal: SpanKind.INTERNAL,
  } as const;
  const here = new AsyncLocalStorage<Span>();

  function contextOf(traceParent: string | null) {
    const [, traceId, spanId, flags] = traceParentPattern.exec(traceParent ?? "") ?? [];
    if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
    const remote = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
    return trace.setSpanContext(ROOT_CONTEXT, remote);
  }

  function begin({ name, kind, parent, attributes = {}, startedAt }: SpanStart): Span {
    const context = contextOf(parent === undefined ? (here.getStore()?.traceParent ?? null) : parent);
    const options = { kind: kinds[kind], attributes, ...(startedAt === undefined ? {} : { startTime: startedAt }) };
    const span = tracer.startSpan(name, options, context);
    const { traceId, spanId, traceFlags } = span.spanContext();
    return {
      traceParent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
      set: (more) => void span.setAttributes(more),
      fail: (reason) => void span.setStatus({ code: SpanStatusCode.ERROR, message: reason }),
      end: () => span.end(),
    };
  }

  return {
    isOn: true,
    async start() {},
    stop: () =>
      withinMs(
        flushTimeoutMs,
        provider.shutdown().catch(() => {}),
        undefined,
      ),
    begin,
    during: (span, work) => here.run(span, work),
    async within(start, work) {
      const span = begin(start);
      try {
        return await here.run(span, () => work(span));
      } catch (error) {
        span.fail(error instanceof Error ? error.name : "thrown");
        throw error;
      } finally {
        span.end();
      }
    },
    current: () => here.getStore()?.traceParent ?? null,
  };
}
