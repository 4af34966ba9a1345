/** What operations share: schemas, samples of them, and the refusals that many have in common. */
import { STATUS_CODES } from "node:http";
import { responseHeaders } from "./response-headers.ts";
import { createSchemaComponents, type Json, type JsonObject, type SchemaComponents } from "./schema-components.ts";

export interface Components {
  schemas: SchemaComponents;
  /** @returns a reference to the sample of a component */
  example(name: string, make: () => Json): JsonObject;
  /** @returns a reference to a response that several operations have */
  response(status: number, response: JsonObject): JsonObject;
  all(): JsonObject;
}

export function createComponents(): Components {
  const schemas = createSchemaComponents();
  const examples = new Map<string, Json>();
  /** By content; the first of a status has its plain name. */
  const responses = new Map<string, { name: string; status: number; response: JsonObject }>();

  return {
    schemas,
    example(name, make) {
      if (!examples.has(name)) examples.set(name, { value: make() });
      return { $ref: `#/components/examples/${name}` };
    },
    response(status, response) {
      const content = `${status} ${JSON.stringify(response)}`;
      const namesakes = [...responses.values()].filter((other) => other.status === status).length;
      const plainName = (STATUS_CODES[status] ?? String(status)).replaceAll(/[^A-Za-z]/g, "");
      const name = namesakes === 0 ? plainName : `${plainName}${namesakes + 1}`;
      const known = responses.get(content) ?? { name, status, response };
      responses.set(content, known);
      return { $ref: `#/components/responses/${known.name}` };
    },
    all: () => ({
      securitySchemes,
      schemas: schemas.all(),
      examples: Object.fromEntries([...examples].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      responses: Object.fromEntries([...responses.values()].map(({ name, response }) => [name, response])),
      parameters: { RequestId: requestIdParameter },
      headers: responseHeaders,
    }),
  };
}

const securitySchemes: JsonObject = {
  apiKey: {
    type: "http",
    scheme: "bearer",
    description:
      "An API key of your company, made by the operators of the installation. Its scope is `read` (look), `write` (also posts) or `admin` (also accounts, clients and webhook endpoints).",
  },
  operatorPassword: {
    type: "http",
    scheme: "basic",
    description: "The users `operator`, who may act, and `viewer`, who may look.",
  },
  operatorSession: {
    type: "apiKey",
    in: "cookie",
    name: "punctual_session",
    description: "The session of a page, which begins with a log-in at `/v1/session`.",
  },
};

const requestIdParameter: JsonObject = {
  name: "X-Request-Id",
  in: "header",
  required: false,
  description:
    "Your own name for the request, up to 128 letters, digits, dots, dashes and underscores. It comes back with the answer and leads through our logs.",
  schema: { type: "string" },
};
