/**
 * What counts as a readable request: JSON in valid UTF-8 whose text Postgres can hold and whose shape is bounded, so
 * that everything behind this can take strings as they are, recurse, and report every fault.
 */
import { isUtf8 } from "node:buffer";
import { pointerTo, type ValidationIssue } from "@punctual/core";
import type { FastifyInstance, FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import { ProblemError } from "../problem.ts";
import { malformedJson } from "./errors.ts";

const depthMax = 16;
const fieldsMax = 200;
const entriesMax = 1_000;
const valuesMax = 200_000;

export const body = fastifyPlugin(
  async (app: FastifyInstance) => {
    const parseJson = app.getDefaultJsonParser("error", "error");
    app.removeAllContentTypeParsers();
    app.addContentTypeParser<Buffer>(
      ["application/json", "application/merge-patch+json"],
      { parseAs: "buffer" },
      (request, buffer, done) => {
        // Many clients name the type on requests that have no body; the schema says whether there must be one.
        if (buffer.length === 0) return done(null);
        if (isEncoded(request)) return done(encodedBody());
        if (!isUtf8(buffer)) return done(malformedJson());
        void parseJson(request, buffer.toString("utf8"), (error, parsed) =>
          error === null ? done(null, parsed) : done(malformedJson()),
        );
      },
    );
    app.addHook("preValidation", (request, _reply, done) => {
      const issues = [
        ...textFaults(request.params, "", (pointer) => pointer.slice(1)),
        ...textFaults(request.query, "", (pointer) => pointer.slice(1)),
        ...textFaults(request.body, "", (pointer) => pointer),
      ];
      if (issues.length === 0) return done();
      done(new ProblemError(400, "invalid_request", "The request does not fit, see errors.", { issues }));
    });
  },
  { name: "body", dependencies: ["errors"] },
);

function isEncoded({ headers }: FastifyRequest): boolean {
  const { "content-encoding": encoding = "identity" } = headers;
  return encoding.toLowerCase() !== "identity";
}

function encodedBody(): ProblemError {
  return new ProblemError(415, "unsupported_media_type", "Send the body as it is, without a Content-Encoding.");
}

/** Walks a value without recursion, since its depth is not known yet. Stops at the first fault of shape. */
function textFaults(root: unknown, start: string, show: (pointer: string) => string): ValidationIssue[] {
  const issues: ValidationIssue[] = [];
  const open: { value: unknown; pointer: string; depth: number }[] = [{ value: root, pointer: start, depth: 0 }];
  let values = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, pointer, depth } = next;
    const refuse = (code: string, message: string) => [{ path: show(pointer), code, message }];
    values += 1;
    if (values > valuesMax) return refuse("too_many", `the body has more than ${valuesMax} values`);
    if (typeof value === "string" && !isStorable(value)) issues.push(...refuse("invalid_text", unstorable));
    // JSON can say 1e999, which no number holds.
    if (typeof value === "number" && !Number.isFinite(value))
      issues.push(...refuse("too_large", "the number is too large"));
    if (typeof value !== "object" || value === null) continue;
    if (depth >= depthMax) return refuse("too_deep", `nested more than ${depthMax} levels deep`);
    const entries = Object.entries(value);
    const entryMax = Array.isArray(value) ? entriesMax : fieldsMax;
    if (entries.length > entryMax) return refuse("too_many", `has more than ${entryMax} entries`);
    for (const [name, child] of entries) {
      if (!isStorable(name)) return refuse("invalid_text", `a field's name ${unstorable}`);
      open.push({ value: child, pointer: pointerTo(pointer, name), depth: depth + 1 });
    }
  }
  return issues;
}

const unstorable = "holds a NUL or half a surrogate pair";

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}
