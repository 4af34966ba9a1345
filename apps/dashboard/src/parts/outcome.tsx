/** Asking, doing and telling: what a view with actions needs. What happened is shown and read aloud. */
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Ask, type Question } from "./ask.tsx";

export interface Outcome {
  ask(question: Question): void;
  /** Tells something without having asked. */
  tell(message: ComponentChildren, succeeded: boolean): void;
  /** Goes where the view wants to show what happened. */
  shown: ComponentChildren;
}

/** @param onDone told after something was done or refused: what is shown may have changed */
export function useOutcome(onDone: () => void): Outcome {
  const [question, setQuestion] = useState<Question | null>(null);
  const [told, setTold] = useState<{ message: ComponentChildren; succeeded: boolean; turn: number } | null>(null);
  const box = useRef<HTMLDivElement>(null);

  const tell = useCallback((message: ComponentChildren, succeeded: boolean) => {
    setTold((before) => ({ message, succeeded, turn: (before?.turn ?? 0) + 1 }));
  }, []);
  const end = (message: ComponentChildren | null, succeeded: boolean) => {
    setQuestion(null);
    if (message === null) return;
    tell(message, succeeded);
    onDone();
  };
  // The button that was pressed may be gone with the state it changed: the focus goes to what it came to.
  useEffect(() => {
    if (told !== null) box.current?.focus();
  }, [told]);

  return {
    ask: setQuestion,
    tell,
    shown: (
      <>
        <div role="status" class="status">
          {told === null ? null : (
            <div key={told.turn} ref={box} tabIndex={-1} class={`told ${told.succeeded ? "good" : "bad"}`}>
              {told.message}
            </div>
          )}
        </div>
        {question === null ? null : <Ask question={question} onEnd={end} />}
      </>
    ),
  };
}
