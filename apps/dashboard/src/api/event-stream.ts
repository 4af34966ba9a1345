/** Server-sent events through fetch: unlike EventSource it tells why it ended, and can be told to wait no longer. */
import { request } from "./client.ts";

export interface ServerEvent {
  event: string;
  data: string;
}

export type StreamEnd = { kind: "refused"; status: number } | { kind: "ended" | "broken" | "silent" };

export interface EventStreamOptions {
  signal: AbortSignal;
  /** How long it may say nothing, in milliseconds. */
  silenceMaxMs: number;
  onEvent(event: ServerEvent): void;
}

/** @returns when it is over: refused, ended by the server, broken (also by `signal`), or silent for too long */
export async function readEventStream(path: string, options: EventStreamOptions): Promise<StreamEnd> {
  const silence = new AbortController();
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => silence.abort(), options.silenceMaxMs);
  };
  wait();
  try {
    const response = await request(path, {
      headers: { accept: "text/event-stream" },
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
    if (!response.ok || response.body === null) return { kind: "refused", status: response.status };
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { kind: "ended" };
      wait();
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event !== null) options.onEvent(event);
      }
    }
  } catch {
    return { kind: silence.signal.aborted ? "silent" : "broken" };
  } finally {
    clearTimeout(timer);
  }
}

/** @returns null for a block without data, such as a comment that keeps the connection open */
function parseEvent(block: string): ServerEvent | null {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, field, value = ""] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  return data.length === 0 ? null : { event, data: data.join("\n") };
}
