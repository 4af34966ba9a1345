/** One-shot handles: a post that was handed over and is not visible yet, and may be published once. */
import { randomBytes } from "node:crypto";
import type { Call } from "../exchange.ts";

export interface Handle {
  id: string;
  account: string;
  /** The call that created it, with the post. */
  call: Call;
  /** The body it came in. */
  body: string;
  /** The visible post; null until there is one. */
  post: { id: string; url: string } | null;
}

export interface Handles {
  create(call: Call, body: string): Handle;
  get(account: string, id: string): Handle | undefined;
  clear(): void;
}

/** When there are more, or more UTF-16 code units in their bodies together, the oldest go. */
export function createHandles({ handlesMax, charactersMax }: { handlesMax: number; charactersMax: number }): Handles {
  const handles = new Map<string, Handle>();
  let characters = 0;

  return {
    create(call, body) {
      const handle: Handle = { id: randomBytes(8).toString("hex"), account: call.account, call, body, post: null };
      handles.set(handle.id, handle);
      characters += body.length;
      for (const [id, oldest] of handles) {
        if (handles.size <= handlesMax && (characters <= charactersMax || handles.size === 1)) break;
        handles.delete(id);
        characters -= oldest.body.length;
      }
      return handle;
    },
    get(account, id) {
      const handle = handles.get(id);
      return handle?.account === account ? handle : undefined;
    },
    clear() {
      handles.clear();
      characters = 0;
    },
  };
}
