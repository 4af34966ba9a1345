/** A state as a coloured sign with its word: colour is never the only difference. */
import type { ComponentChildren } from "preact";
import type { PostStatus } from "../api/answers.ts";
import { statusTone, type Tone } from "../wording.ts";

const marks: Readonly<Record<Tone, string>> = { good: "✓", busy: "▸", warn: "!", bad: "✕", idle: "·" };

export function Sign({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`sign ${tone}`}>
      <span class="mark" aria-hidden="true">
        {marks[tone]}
      </span>
      {children}
    </span>
  );
}

/** A post's state, never broken over two lines. */
export function StatusSign({ status, note = null }: { status: PostStatus; note?: string | null }) {
  return (
    <>
      <span class="whole">
        <Sign tone={statusTone[status]}>{status}</Sign>
      </span>
      {note === null ? null : <span class="note"> {note}</span>}
    </>
  );
}
