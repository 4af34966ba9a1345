/** One route as an OpenAPI operation. */
import { STATUS_CODES } from "node:http";
import type { Answer, ProblemAnswer } from "../answer.ts";
import { problemMediaType, ProblemSchema } from "../problem.ts";
import { commonHeaders, commonRefusals, type OperationKind } from "./common-refusals.ts";
import type { Components } from "./components.ts";
import type { ResponseHeader } from "./response-headers.ts";
import { sampleOf } from "./sample.ts";
import type { Json, JsonObject } from "./schema-components.ts";
import { tagOf } from "./tags.ts";

/** What a route said when it was registered. */
export interface DocumentedRoute {
  /** In capitals. */
  method: string;
  /** With `:name` parameters. */
  url: string;
  scope: "read" | "write" | "admin" | undefined;
  forOperators: boolean;
  schema: RouteSchema;
}

export interface RouteSchema {
  operationId: string;
  summary?: string;
  description?: string;
  params?: unknown;
  querystring?: unknown;
  headers?: unknown;
  body?: unknown;
  response?: Readonly<Record<number, unknown>>;
}

export function toOperation(route: DocumentedRoute, components: Components): JsonObject {
  const { schema, url } = route;
  const kind = kindOf(route);
  return {
    operationId: schema.operationId,
    tags: [tagOf(url)],
    summary: schema.summary ?? "",
    ...describe(schema.description, route.scope),
    security: securityOf(route),
    parameters: [
      ...parametersIn("path", schema.params, components),
      ...parametersIn("query", schema.querystring, components),
      ...parametersIn("header", schema.headers, components),
      { $ref: "#/components/parameters/RequestId" },
    ],
    ...(schema.body === undefined ? {} : { requestBody: requestBody(schema.body, route.method, components) }),
    responses: responsesOf(schema.response ?? {}, kind, components),
  };
}

function kindOf({ method, url, scope, forOperators, schema }: DocumentedRoute): OperationKind {
  const query = (schema.querystring as { properties?: object } | undefined)?.properties ?? {};
  return {
    caller: scope === undefined ? (forOperators ? "operator" : null) : "apiKey",
    changes: method !== "GET",
    forEveryKey: scope === "read",
    namesOne: url.includes(":"),
    paged: "cursor" in query,
  };
}

function describe(text: string | undefined, scope: DocumentedRoute["scope"]): JsonObject {
  const needed = scope === undefined || scope === "read" ? [] : [`Needs a key of scope \`${scope}\`${orMore[scope]}.`];
  const description = [...(text === undefined ? [] : [text]), ...needed].join("\n\n");
  return description === "" ? {} : { description };
}

const orMore = { write: " or `admin`", admin: "" } as const;

function securityOf({ scope, forOperators }: DocumentedRoute): Json {
  if (scope !== undefined) return [{ apiKey: [] }];
  return forOperators ? [{ operatorPassword: [] }, { operatorSession: [] }] : [];
}

function parametersIn(place: "path" | "query" | "header", schema: unknown, components: Components): JsonObject[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, JsonObject>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...value }]) => ({
    name: place === "header" ? headerName(name) : name,
    in: place,
    required: place === "path" || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: components.schemas.refer(value),
  }));
}

/** As it is usually written; schemas name headers as Node does, in small letters. */
function headerName(name: string): string {
  return name
    .split("-")
    .map((word) => (word === "id" ? "ID" : `${word.charAt(0).toUpperCase()}${word.slice(1)}`))
    .join("-");
}

function requestBody(schema: unknown, method: string, components: Components): JsonObject {
  const media = mediaOf(schema, components);
  const content = method === "PATCH" ? { "application/json": media, "application/merge-patch+json": media } : null;
  return { required: true, content: content ?? { "application/json": media } };
}

/** A schema beside a sample of it, which a component's own operations share. */
function mediaOf(schema: unknown, components: Components): JsonObject {
  const { title } = schema as { title?: string };
  const media = { schema: components.schemas.refer(schema) };
  return title === undefined
    ? { ...media, example: sampleOf(schema) }
    : { ...media, examples: { [title]: components.example(title, () => sampleOf(schema, `${title}:`)) } };
}

function responsesOf(own: Readonly<Record<number, unknown>>, kind: OperationKind, components: Components): JsonObject {
  const common = commonRefusals(kind);
  const statuses = new Set([...Object.keys(own), ...Object.keys(common)].map(Number));
  const responses = [...statuses]
    .toSorted((a, b) => a - b)
    .map((status) => {
      const refusals = [common[status], own[status] as Partial<ProblemAnswer> | undefined];
      const response = mergedResponse({ status, own: own[status], refusals, kind }, components);
      return [String(status), own[status] === undefined ? components.response(status, response) : response];
    });
  return Object.fromEntries(responses) as JsonObject;
}

interface ResponseParts {
  status: number;
  /** What the route says of it. */
  own: unknown;
  /** Common ones first. */
  refusals: readonly (Partial<ProblemAnswer> | undefined)[];
  kind: OperationKind;
}

function mergedResponse({ status, own, refusals, kind }: ResponseParts, components: Components): JsonObject {
  const { description, answerHeaders = [], content = {}, ...schema } = (own ?? {}) as Partial<Answer<never>>;
  const problemMedia = refusals.flatMap((refusal) => refusal?.content?.[problemMediaType] ?? []);
  const isBareSchema = own !== undefined && !("content" in (own as object));
  const successes = Object.entries(content).filter(([type]) => type !== problemMediaType);
  const named: readonly ResponseHeader[] = [...commonHeaders(status, kind), ...answerHeaders];
  return {
    description: description ?? STATUS_CODES[status] ?? "",
    headers: Object.fromEntries([...new Set(named)].map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    ...(isNothing(schema, successes.length) && problemMedia.length === 0
      ? {}
      : {
          content: {
            ...(isBareSchema ? { "application/json": mediaOf(own, components) } : {}),
            ...Object.fromEntries(successes.map(([type, media]) => [type, successMedia(media, components)])),
            ...(problemMedia.length === 0 ? {} : { [problemMediaType]: refusalMedia(problemMedia, components) }),
          },
        }),
  };
}

/** A 204. */
function isNothing(schema: { type?: unknown }, contents: number): boolean {
  return contents === 0 && schema.type === "null";
}

function successMedia(media: unknown, components: Components): JsonObject {
  const { schema, example } = media as { schema: unknown; example?: Json };
  return example === undefined ? mediaOf(schema, components) : { schema: components.schemas.refer(schema), example };
}

type ProblemMedia = ProblemAnswer["content"]["application/problem+json"];

function refusalMedia(media: readonly ProblemMedia[], components: Components): JsonObject {
  const examples = Object.assign({}, ...media.map(({ examples }) => examples)) as ProblemMedia["examples"];
  const problem = components.schemas.refer(ProblemSchema);
  const isOpen = media.some(({ codesAreOpen }) => codesAreOpen);
  const code = isOpen
    ? { type: "string", description: "One of the samples', or the code of the only fault in `errors`." }
    : { enum: Object.keys(examples) };
  const schema = { allOf: [problem, { type: "object", required: ["code"], properties: { code } }] };
  return { schema, examples: examples as unknown as Json };
}
