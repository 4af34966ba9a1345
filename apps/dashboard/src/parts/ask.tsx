/**
 * Asks once before something is done, in the browser's own modal dialog: Escape means no, and the focus goes back to
 * where it was. While the answer is on its way the dialog stays, so that nobody wonders or presses twice.
 */
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Answer } from "../api/client.ts";

export interface Question {
  title: string;
  /** What will follow. */
  text: ComponentChildren;
  /** On the button that does it. */
  confirm: string;
  /** Something that cannot be taken back, or may do harm. */
  grave?: boolean;
  /** Inputs of the form, by name, go to `act`. */
  fields?: ComponentChildren;
  act(fields: FormData): Promise<Answer<unknown>>;
  /** What happened, for the person. */
  told(answer: Answer<unknown>): ComponentChildren;
}

export interface AskProps {
  question: Question;
  /** @param message what happened; null: it was not done */
  onEnd(message: ComponentChildren | null, succeeded: boolean): void;
}

export function Ask({ question, onEnd }: AskProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isActing, setIsActing] = useState(false);
  const titleId = useId();
  const textId = useId();

  useLayoutEffect(() => dialog.current?.showModal(), []);

  const act = async (event: SubmitEvent) => {
    event.preventDefault();
    if (isActing) return;
    const form = event.currentTarget as HTMLFormElement;
    setIsActing(true);
    const answer = await question.act(new FormData(form));
    dialog.current?.close();
    onEnd(question.told(answer), answer.ok);
  };
  const leave = (event: Event) => {
    event.preventDefault();
    if (isActing) return;
    dialog.current?.close();
    onEnd(null, false);
  };

  return (
    <dialog ref={dialog} aria-labelledby={titleId} aria-describedby={textId} onCancel={leave}>
      <form onSubmit={(event) => void act(event)}>
        <h2 id={titleId}>{question.title}</h2>
        <div id={textId}>{question.text}</div>
        {question.fields}
        <div class="buttons">
          <button type="button" onClick={leave} disabled={isActing}>
            No, leave it
          </button>
          <button type="submit" class={question.grave === true ? "grave" : "main"} aria-disabled={isActing}>
            {isActing ? "Working …" : question.confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
