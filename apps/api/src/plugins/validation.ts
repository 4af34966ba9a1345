/**
 * Requests against their schemas, and the faults in our words. Query strings are text, so their values are read as
 * the numbers and booleans they should be; bodies are taken as they are. All faults are reported at once, which is
 * safe because `body.ts` has bounded how much there is to report. A route of the API that names no query parameters
 * takes none, and one that describes no body takes none but an empty object.
 */
import ajvCompiler from "@fastify/ajv-compiler";
import { pointerTo, type ValidationIssue } from "@punctual/core";
import type { FastifyInstance, FastifySchemaCompiler, FastifySchemaValidationError } from "fastify";
import type { FastifyValidationResult } from "fastify/types/schema.js";
import fastifyPlugin from "fastify-plugin";
import { ProblemError } from "../problem.ts";

const strictOptions = {
  removeAdditional: false,
  useDefaults: false,
  allErrors: true,
  strict: true,
  allowUnionTypes: true,
} as const;
const noParameters = { type: "object", properties: {}, additionalProperties: false };
/** More tell nobody anything new. */
const issuesMax = 10_000;

export const validation = fastifyPlugin(
  async (app: FastifyInstance) => {
    const compilers = ajvCompiler();
    const asIs = compilers({}, { customOptions: { ...strictOptions, coerceTypes: false } });
    const fromText = compilers({}, { customOptions: { ...strictOptions, coerceTypes: true } });
    const compile: FastifySchemaCompiler<object> = (route) =>
      // Its types ask for the schema, its code for the whole description.
      (route.httpPart === "querystring" ? fromText : asIs)(route) as ReturnType<typeof compile>;
    app.setValidatorCompiler((route) => whenAsked(() => compile(route)));
    app.addHook("onRoute", ({ schema }) => {
      if (schema?.operationId !== undefined) schema.querystring ??= noParameters;
    });
    app.addHook("preHandler", async ({ body, routeOptions: { schema } }) => {
      if (body === undefined || schema?.operationId === undefined || schema.body !== undefined) return;
      const issues = unexpectedFaults(body);
      if (issues.length > 0)
        throw new ProblemError(400, "invalid_request", "The body does not fit, see errors.", { issues });
    });
  },
  { name: "validation" },
);

/** Compiled with the first request: a process is rarely asked for every route, and keeps what it compiled. */
function whenAsked(compile: () => FastifyValidationResult): FastifyValidationResult {
  let compiled: FastifyValidationResult | undefined;
  const validate: FastifyValidationResult = (value) => {
    compiled ??= compile();
    const result = compiled(value);
    validate.errors = compiled.errors ?? null;
    return result;
  };
  return validate;
}

/** Of a body where there should be none. */
function unexpectedFaults(body: unknown): ValidationIssue[] {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return [{ path: "", code: "wrong_type", message: "must be left out, or be an empty object" }];
  }
  return Object.keys(body).map((name) => ({ path: pointerTo("", name), ...unknownField }));
}

/** Ajv's faults as ours. @param place `body` gives JSON pointers, everything else the parameter's name */
export function describeFaults(faults: readonly FastifySchemaValidationError[], place = "body"): ValidationIssue[] {
  const issues = faults
    .filter(({ keyword }) => !summaries.has(keyword))
    .slice(0, issuesMax)
    .map((fault) => describeFault(fault, place));
  // One value can miss several branches of one rule in the same way.
  return [...new Map(issues.map((issue) => [`${issue.path} ${issue.code}`, issue])).values()];
}

const unknownField = { code: "unknown_field", message: "there is no such field" } as const;

/** Say only that some branch failed; the branch's own faults say more. */
const summaries = new Set(["if", "anyOf", "oneOf", "propertyNames"]);

function describeFault(
  { keyword, instancePath, params, message }: FastifySchemaValidationError,
  place: string,
): ValidationIssue {
  const [code, text] = describe(keyword, params, message);
  const child = params["missingProperty"] ?? params["additionalProperty"] ?? params["propertyName"];
  const pointer = typeof child === "string" ? pointerTo(instancePath, child) : instancePath;
  return { path: place === "body" ? pointer : pointer.slice(1), code, message: text };
}

function describe(keyword: string, params: Record<string, unknown>, message: string | undefined): [string, string] {
  const limit = String(params["limit"]);
  switch (keyword) {
    case "required":
      return ["required", "is missing"];
    case "additionalProperties":
      return [unknownField.code, unknownField.message];
    case "type":
      return ["wrong_type", `must be of type ${String(params["type"])}`];
    case "enum":
      return ["not_allowed", `must be one of ${(params["allowedValues"] as unknown[]).join(", ")}`];
    case "const":
      return ["not_allowed", `must be ${String(params["allowedValue"])}`];
    case "minLength":
      return ["too_short", `must have at least ${limit} characters`];
    case "maxLength":
      return ["too_long", `must have at most ${limit} characters`];
    case "minItems":
      return ["too_few", `must have at least ${limit} entries`];
    case "maxItems":
      return ["too_many", `must have at most ${limit} entries`];
    case "minProperties":
      return ["too_few", `must have at least ${limit} fields`];
    case "maxProperties":
      return ["too_many", `must have at most ${limit} fields`];
    case "minimum":
      return ["too_small", `must be at least ${limit}`];
    case "maximum":
      return ["too_large", `must be at most ${limit}`];
    case "format":
      return ["invalid_format", `is not a valid ${params["format"] as string}`];
    case "pattern":
      return ["invalid_format", "does not have the right form"];
    default:
      return ["invalid", message ?? "is not valid"];
  }
}
