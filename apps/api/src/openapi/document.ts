/** The OpenAPI document: the registered routes, the events that webhook endpoints get, and what they share. */
import { createComponents } from "./components.ts";
import { toOperation, type DocumentedRoute } from "./operation.ts";
import type { JsonObject } from "./schema-components.ts";
import { allTags } from "./tags.ts";
import { eventWebhooks } from "./webhooks.ts";

export interface DocumentOptions {
  version: string;
  /** Where clients reach the API; undefined: wherever they got the document. */
  publicUrl: string | undefined;
}

/** @throws if routes contradict each other, or one leaves out what it must say */
export function buildDocument(routes: readonly DocumentedRoute[], options: DocumentOptions): JsonObject {
  const components = createComponents();
  const paths: Record<string, Record<string, JsonObject>> = {};
  const operationIds = new Set<string>();
  for (const route of routes.toSorted(byPath)) {
    const { method, url, schema } = route;
    if (operationIds.has(schema.operationId)) throw new Error(`two routes have the operationId ${schema.operationId}`);
    operationIds.add(schema.operationId);
    const path = url.replaceAll(/:([A-Za-z]+)/g, "{$1}");
    try {
      (paths[path] ??= {})[method.toLowerCase()] = toOperation(route, components);
    } catch (error) {
      throw new Error(`${method} ${url} cannot be documented: ${(error as Error).message}`, { cause: error });
    }
  }
  const webhooks = eventWebhooks(components);
  return {
    openapi: "3.1.1",
    info: {
      title: "Punctual",
      version: options.version,
      summary: "Schedules social posts over HTTP and publishes each at its instant.",
      description: introduction,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: options.publicUrl ?? "/", description: "This installation." }],
    tags: allTags(),
    paths,
    webhooks,
    components: components.all(),
  };
}

function byPath(a: DocumentedRoute, b: DocumentedRoute): number {
  return a.url < b.url ? -1 : a.url > b.url ? 1 : 0;
}

const introduction = `A post that was accepted is kept, never published twice by itself, published on time, and always answered for.

- JSON in camelCase; ids are UUIDs. Instants come with any offset and leave in UTC with milliseconds.
- Unknown fields and query parameters are refused. 400: not our schema; 422: our schema, but it cannot be done.
- Every refusal is a problem document (RFC 9457) with a stable \`code\`; faults of the request are in \`errors\`, by path.
- Another company's ids answer 404, like ids of no one.
- Lists are newest first (events: oldest first); \`nextCursor\` of a page asks for the next as \`cursor\`.
- Send an \`Idempotency-Key\` with whatever creates posts, and repeat the request as often as it takes.
- Whatever answers GET answers HEAD. Requests that are no HTTP, too slow or whose headers are too large are answered 400, 408 or 431 before they reach an operation.`;
