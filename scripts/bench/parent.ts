/** The side of a helper program that its starter talks to: questions come as messages, and so do the answers. */

export interface Question {
  kind: string;
}

interface Asked {
  id: number;
  question: unknown;
}

/**
 * Answers questions until the starter is gone.
 *
 * @param ready told to the starter at once
 * @param answer takes what the starter's side is typed to ask
 */
export function answerParent(ready: object, answer: (question: never) => Promise<unknown>): void {
  if (process.send === undefined) throw new Error("this program is started by the benchmark");
  const send = process.send.bind(process);
  process.on("message", (message) => {
    const { id, question } = message as Asked;
    answer(question as never).then(
      (result) => send({ id, result }),
      (error: unknown) => send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.once("disconnect", () => process.exit(0));
  send({ ready });
}
