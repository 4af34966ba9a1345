/** HTML in which everything that was not written here is escaped: a text can look like markup and never be it. */

export interface Markup {
  readonly source: string;
}

type Value = Markup | string | number | null | readonly Markup[];

/**
 * Tag of a template: what is put in is escaped unless it is Markup itself; null is nothing. Not called `html`, since
 * formatters then rearrange the white space in it, and post texts are shown with theirs.
 */
export function markup(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let source = strings[0] ?? "";
  for (const [index, value] of values.entries()) source += sourceOf(value) + (strings[index + 1] ?? "");
  return { source };
}

/** Says of a text of ours that it is markup: never for anything that came in over the wire. */
export function trusted(source: string): Markup {
  return { source };
}

function sourceOf(value: Value): string {
  if (value === null) return "";
  if (typeof value === "string" || typeof value === "number") return escape(String(value));
  if ("source" in value) return value.source;
  return value.map(({ source }) => source).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
}
