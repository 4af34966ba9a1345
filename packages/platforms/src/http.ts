/**
 * One HTTP request with a deadline, a size cap and the address guard, whose result says what a publisher must know
 * above all: did the request leave or not. Follows no redirects, retries nothing, and decodes no compressed body.
 */
import { lookup as systemLookup } from "node:dns";
import type { Readable } from "node:stream";
// The agent alone: the whole library brings a second `fetch`, and takes 6 MB in every process.
import Agent from "undici/lib/dispatcher/agent.js";
import { guardLookup, namesPrivateAddress, privateAddressCode, type Lookup } from "./address-guard.ts";
import type { UploadBody } from "./upload-body.ts";

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "DELETE";
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** An upload is read as the connection takes it; its length goes out as Content-Length. */
  body?: string | Buffer | UploadBody;
  /** Of the whole exchange, in milliseconds; a part of one counts as a whole. */
  timeoutMs: number;
  /** Ends the request early. */
  signal?: AbortSignal;
  /** Called when the connection stands and the first byte is about to leave; throwing stops the request there. */
  beforeSend?: () => void;
  /** Of the answer's body, in bytes; what is beyond is not read. Default 256 KiB. */
  responseBytesMax?: number;
  /**
   * Takes the body of a 2xx answer piece by piece in place of `body`, which stays empty; the connection waits for it.
   * Throwing ends the exchange.
   */
  receive?: (piece: Buffer) => Promise<void>;
}

/** Why something ended early: a stable code, and a sentence that holds nothing of the request. */
export interface HttpFault {
  code: string;
  message: string;
}

export type HttpResult =
  /** The status line came. */
  | {
      kind: "answer";
      status: number;
      headers: Readonly<Record<string, string>>;
      body: Buffer;
      /** Why the body is not all of it: our cap, or a fault after the headers. */
      cutShort?: HttpFault;
    }
  /** Nothing left: certainly without effect. */
  | ({ kind: "not_sent" } & HttpFault)
  /** The request left, wholly or in part, and no answer came. */
  | ({ kind: "lost" } & HttpFault);

export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResult>;
  close(): Promise<void>;
}

export interface HttpClientOptions {
  /** Whether private, loopback and link-local addresses may be connected to. */
  allowPrivateNetworks: boolean;
  /** How host names become addresses; default: as the system does it. */
  lookup?: Lookup;
}

export const tooLongCode = "answer_too_long";

const responseBytesMaxDefault = 256 * 1024;
const connectTimeoutMs = 5_000;
/** Idle connections are closed after this long, in milliseconds: before most servers do. */
const keepAliveMs = 4_000;

export function createHttpClient({ allowPrivateNetworks, lookup = systemLookup }: HttpClientOptions): HttpClient {
  const agent = new Agent({
    connections: 256,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    connect: { timeout: connectTimeoutMs, lookup: allowPrivateNetworks ? lookup : guardLookup(lookup) },
  });
  return {
    request(request) {
      if (!allowPrivateNetworks && namesPrivateAddress(request.url)) {
        const message = "the address is private, loopback or link-local";
        return Promise.resolve({ kind: "not_sent", code: privateAddressCode, message });
      }
      return exchange(agent, request);
    },
    close: () => agent.destroy(),
  };
}

function exchange(agent: Agent, request: HttpRequest): Promise<HttpResult> {
  return new Promise((resolve) => {
    let abort: ((reason: Error) => void) | undefined;
    let stopped: HttpFault | undefined;
    let sent = false;
    let answer: { status: number; headers: Record<string, string> } | undefined;
    const { signal, responseBytesMax = responseBytesMaxDefault } = request;
    const chunks: Buffer[] = [];
    let received = 0;
    let taking = Promise.resolve();

    const finish = (result: HttpResult) => {
      // Neither of them holds what was sent any longer than the exchange lasts.
      clearTimeout(deadline);
      signal?.removeEventListener("abort", onSignal);
      resolve(result);
    };
    const settle = (error: Error | undefined) => {
      const fault = stopped ?? describe(error);
      if (answer === undefined) return finish({ kind: sent ? "lost" : "not_sent", ...fault });
      const cutShort = error === undefined ? {} : { cutShort: fault };
      finish({ kind: "answer", ...answer, body: Buffer.concat(chunks), ...cutShort });
    };
    const stop = (fault: HttpFault) => {
      stopped ??= fault;
      abort?.(new Error("stopped"));
      // A request still waiting for its connection has no controller yet; it must not be sent later.
      settle(new Error("stopped"));
    };
    const onSignal = () => stop(describeStop(signal?.reason));
    const deadline = setTimeout(() => stop(timedOut), Math.ceil(request.timeoutMs)).unref();
    signal?.addEventListener("abort", onSignal);
    if (signal?.aborted) return onSignal();

    agent.dispatch(
      {
        origin: request.url.origin,
        path: request.url.pathname + request.url.search,
        method: request.method,
        ...writtenBody(request),
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      {
        onRequestStart(controller) {
          abort = (reason) => controller.abort(reason);
          if (stopped !== undefined) return controller.abort(new Error("stopped"));
          try {
            request.beforeSend?.();
          } catch (error) {
            return controller.abort(error as Error);
          }
          sent = true;
        },
        onResponseStart(_controller, status, headers) {
          // 1xx is not the answer.
          if (status >= 200) answer = { status, headers: singleValues(headers) };
        },
        onResponseData(controller, chunk) {
          // Going on after a pause begins with an empty piece; pausing on that one would never end.
          if (chunk.length === 0) return;
          const piece = chunk.subarray(0, responseBytesMax - received);
          received += chunk.length;
          const tooLong = () => controller.abort(Object.assign(new Error("too long"), { code: tooLongCode }));
          if (request.receive === undefined || answer === undefined || answer.status >= 300) {
            chunks.push(piece);
            if (received > responseBytesMax) tooLong();
            return;
          }
          const { receive } = request;
          controller.pause();
          taking = taking
            .then(() => receive(piece))
            .then(
              () => (received > responseBytesMax ? tooLong() : controller.resume()),
              (error: unknown) => controller.abort(error as Error),
            );
        },
        onResponseEnd: () => void taking.then(() => settle(undefined)),
        onResponseError: (_controller, error) => settle(error),
      },
    );
  });
}

function writtenBody({ headers, body }: HttpRequest) {
  if (body === undefined) return { headers, body: null };
  if (typeof body === "string" || Buffer.isBuffer(body)) return { headers, body };
  return { headers: { ...headers, "content-length": String(body.bytes) }, body: body.read() as unknown as Readable };
}

function singleValues(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) single[name.toLowerCase()] = first;
  }
  return single;
}

const timedOut: HttpFault = { code: "timeout", message: "no answer came in time" };

function describeStop(reason: unknown): HttpFault {
  if (reason instanceof Error && reason.name === "TimeoutError") return timedOut;
  return { code: "stopped", message: "the request was stopped before an answer came" };
}

function describe(error: Error | undefined): HttpFault {
  const code =
    (error as { code?: unknown } | undefined)?.code ?? (error?.cause as { code?: unknown } | undefined)?.code;
  const known = typeof code === "string" ? knownCodes[code] : undefined;
  if (known !== undefined) return known;
  return {
    code: typeof code === "string" ? code.toLowerCase() : "connection_failed",
    message: "the connection failed",
  };
}

const knownCodes: Readonly<Record<string, HttpFault>> = {
  ECONNREFUSED: { code: "connection_refused", message: "the connection was refused" },
  ECONNRESET: { code: "connection_reset", message: "the connection was reset" },
  EPIPE: { code: "connection_reset", message: "the connection was reset" },
  UND_ERR_SOCKET: { code: "connection_closed", message: "the connection was closed without an answer" },
  ENOTFOUND: { code: "unknown_host", message: "the host name is unknown" },
  EAI_AGAIN: { code: "dns_failed", message: "the host name could not be looked up" },
  ENETUNREACH: { code: "unreachable", message: "the network is unreachable" },
  EHOSTUNREACH: { code: "unreachable", message: "the host is unreachable" },
  ETIMEDOUT: { code: "connect_timeout", message: "the connection could not be made in time" },
  UND_ERR_CONNECT_TIMEOUT: { code: "connect_timeout", message: "the connection could not be made in time" },
  [tooLongCode]: { code: tooLongCode, message: "the answer is longer than is read" },
  send_forbidden: { code: "send_forbidden", message: "the time to send had passed" },
  [privateAddressCode]: { code: privateAddressCode, message: "the host leads to an address that is not public" },
};
