/** Forms as browsers send them; the rest of the API takes JSON only. */
import type { FastifyInstance } from "fastify";

/** Every value of every field, in the order they came. */
export type FormFields = Readonly<Record<string, readonly string[]>>;

const formBytesMax = 16 * 1024;
const fieldsMax = 300;

export function takeForms(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<string>(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: formBytesMax },
    (_request, body, done) => {
      const fields: Record<string, string[]> = {};
      for (const [name, value] of [...new URLSearchParams(body)].slice(0, fieldsMax)) (fields[name] ??= []).push(value);
      done(null, fields);
    },
  );
}

export function formOf(request: { body: unknown }): FormFields {
  return (request.body ?? {}) as FormFields;
}

/** What the user answered to a connector's questions. */
export function answersOf(form: FormFields): Record<string, string> {
  const prefix = "answer.";
  const answers: Record<string, string> = {};
  for (const [name, [value]] of Object.entries(form)) {
    if (name.startsWith(prefix) && value !== undefined) answers[name.slice(prefix.length)] = value.trim();
  }
  return answers;
}
