/** A form whose fields are the address's parameters: what is found can be kept, sent and gone back to. */
import { Fragment, type ComponentChildren } from "preact";
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
  const [turn, expect] = useTurns(place.query.toString());
  const find = () => {
    if (form.current === null) return;
    const target = withQuery(place.path, parametersOf(form.current));
    expect(target.slice(place.path.length + 1));
    navigate(target);
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
    <form ref={form} class="filter" role="search" aria-label={label} onSubmit={submit} onChange={change}>
      <Fragment key={turn}>{children}</Fragment>
      <div class="buttons">
        <button>Find</button>
        <Link href={place.path}>Clear</Link>
      </div>
    </form>
  );
}

/**
 * An address that comes from elsewhere, such as by Back, fills the fields anew; one that the form itself led to leaves
 * them alone, and the focus where it is.
 *
 * @returns a number that changes when they are to be filled, and how to tell what the form leads to
 */
function useTurns(query: string): [turn: number, expect: (query: string) => void] {
  const state = useRef<{ query: string; expected: string | null; turn: number }>({ query, expected: null, turn: 0 });
  if (query !== state.current.query) {
    state.current.query = query;
    if (query !== state.current.expected) state.current.turn += 1;
    state.current.expected = null;
  }
  return [state.current.turn, (expected) => void (state.current.expected = expected)];
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
