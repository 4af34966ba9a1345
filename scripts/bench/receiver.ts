/**
 * Where posts arrive, from us and from the floor alike: a program that answers each delivery after a while and writes
 * down when it came. It keeps the first one whole, so that somebody can see whether it was signed.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answerParent } from "./parent.ts";

export interface Delivery {
  /** `webhook-id`: the post's. */
  id: string;
  /** Milliseconds since 1970, with fractions. */
  atMs: number;
}

export interface FirstDelivery {
  headers: Record<string, string>;
  body: string;
}

export interface Received {
  deliveries: Delivery[];
  first: FirstDelivery | null;
  /** CPU time of this process since the reset, in milliseconds. */
  cpuMs: number;
}

export type ReceiverQuestion =
  /** Forget everything; answer each delivery so late from now on. */
  | { kind: "reset"; delayMs: number }
  /** Answers how many came: as soon as so many did, or the time is up. */
  | { kind: "await"; count: number; timeoutMs: number }
  | { kind: "take" }
  /** The same, and forgets them: for a run so long that they would be too many. */
  | { kind: "takeNew" };

if (import.meta.main) {
  let delayMs = 0;
  let deliveries: Delivery[] = [];
  let first: FirstDelivery | null = null;
  let cpu = process.cpuUsage();
  let offsetMs = clockOffsetMs();
  let onArrival: (() => void) | undefined;

  const answer = Buffer.from("{}");
  const server = createServer((request, response) => {
    const atMs = performance.now() + offsetMs;
    deliveries.push({ id: String(request.headers["webhook-id"]), atMs });
    const respond = () =>
      response.writeHead(200, { "content-type": "application/json", "content-length": 2 }).end(answer);
    const chunks: Buffer[] = [];
    const keep = first === null;
    if (keep) first = { headers: { ...(request.headers as Record<string, string>) }, body: "" };
    const kept = first;
    request.on("data", (chunk: Buffer) => keep && chunks.push(chunk));
    request.on("end", () => {
      if (keep && kept !== null) kept.body = Buffer.concat(chunks).toString();
      if (delayMs === 0) respond();
      else setTimeout(respond, delayMs);
      onArrival?.();
    });
  });
  // Longer than any pause between two deliveries: whoever keeps connections must not find them closed.
  server.keepAliveTimeout = 120_000;
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    answerParent({ url: `http://127.0.0.1:${port}/posts` }, async (question: ReceiverQuestion) => {
      switch (question.kind) {
        case "reset":
          ({ delayMs } = question);
          deliveries = [];
          first = null;
          cpu = process.cpuUsage();
          offsetMs = clockOffsetMs();
          return null;
        case "await":
          return arrived(question.count, question.timeoutMs);
        case "take":
          return received();
        case "takeNew": {
          const news = received();
          deliveries = [];
          // Over half an hour the two clocks may drift apart.
          offsetMs = clockOffsetMs();
          return news;
        }
      }
    });
  });

  function received(): Received {
    const { user, system } = process.cpuUsage(cpu);
    return { deliveries, first, cpuMs: (user + system) / 1_000 };
  }

  function arrived(count: number, timeoutMs: number): Promise<number> {
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        onArrival = undefined;
        resolve(deliveries.length);
      };
      const timer = setTimeout(settle, timeoutMs);
      onArrival = () => deliveries.length >= count && settle();
      onArrival();
    });
  }
}

/** From the monotonic clock to the wall's, taken at the moment a millisecond begins. */
function clockOffsetMs(): number {
  const before = Date.now();
  let now = before;
  while (now === before) now = Date.now();
  return now - performance.now();
}
