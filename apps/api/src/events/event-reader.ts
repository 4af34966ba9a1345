/** A client of the event stream as tests need one: reads server-sent events by the rules of the HTML standard. */

export interface HeardEvent {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

export interface EventReader {
  status: number;
  headers: Headers;
  /** All events so far. */
  heard: HeardEvent[];
  /** What a browser would send as Last-Event-ID now. */
  lastEventId(): string;
  /** Resolves when the stream has ended, by whichever side. */
  ended: Promise<void>;
  close(): void;
}

/** @returns once the answer has begun */
export async function openEventStream(url: string, headers: Readonly<Record<string, string>>): Promise<EventReader> {
  const closing = new AbortController();
  const response = await fetch(url, { headers: { accept: "text/event-stream", ...headers }, signal: closing.signal });
  const heard: HeardEvent[] = [];
  let lastEventId = "";
  let text = "";

  function take(block: string): void {
    const fields = new Map(
      block
        .split("\n")
        .filter((line) => !line.startsWith(":"))
        .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]),
    );
    lastEventId = fields.get("id") ?? lastEventId;
    const data = fields.get("data");
    if (data === undefined) return;
    const parsed = JSON.parse(data) as Record<string, unknown>;
    heard.push({ id: lastEventId, event: fields.get("event") ?? "message", data: parsed });
  }

  async function read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
        take(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
  }

  return {
    status: response.status,
    headers: response.headers,
    heard,
    lastEventId: () => lastEventId,
    // A stream that is cut off ends as well.
    ended: read().catch(() => {}),
    close: () => closing.abort(),
  };
}
