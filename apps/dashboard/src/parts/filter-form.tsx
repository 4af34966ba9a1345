/** A form whose fields are the address's parameters: what is found can be kept, sent and gone back to. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { withQuery } from "../api/client.ts";
import { navigate, type Place } from "../routes.ts";
import { Link } from "./link.tsx";

export interface FilterFormProps {
  /** What is found by it. */
  label: string;
  place: Place;
  children: ComponentChildren;
}

export function FilterForm({ label, place, children }: FilterFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const find = () => {
    if (form.current !== null) navigate(withQuery(place.path, parametersOf(form.current)));
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    find();
  };
  // What is chosen counts at once; what is typed, when it is finished.
  const change = (event: Event) => {
    if (event.target instanceof HTMLSelectElement || (event.target as HTMLInputElement).type === "checkbox") find();
  };
  return (
    <form
      // Another address, such as by Back, fills the fields anew.
      key={place.query.toString()}
      ref={form}
      class="filter"
      role="search"
      aria-label={label}
      onSubmit={submit}
      onChange={change}
    >
      {children}
      <div class="buttons">
        <button>Find</button>
        {place.query.size === 0 ? null : <Link href={place.path}>Clear</Link>}
      </div>
    </form>
  );
}

/** Fields of one name become a comma list; local times become instants. */
function parametersOf(form: HTMLFormElement): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new FormData(form)) {
    const text = typeof value === "string" ? value.trim() : "";
    if (text === "") continue;
    const input = form.elements.namedItem(name);
    const shown = input instanceof HTMLInputElement && input.type === "datetime-local" ? fromLocal(text) : text;
    parameters[name] = parameters[name] === undefined ? shown : `${parameters[name]},${shown}`;
  }
  return parameters;
}

/** @param text as `<input type="datetime-local">` has it, in the reader's zone */
export function fromLocal(text: string): string {
  return new Date(text).toISOString();
}

/** @param at an instant; null or unreadable: none */
export function toLocal(at: string | null, to: "minutes" | "seconds" = "seconds"): string {
  const date = new Date(at ?? "");
  if (Number.isNaN(date.getTime())) return "";
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
    .toISOString()
    .slice(0, to === "minutes" ? 16 : 19);
}
