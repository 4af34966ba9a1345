/** What is asked before an account is changed, what is sent, and how each answer is told. */
import type { Account, Reconnection } from "../api/answers.ts";
import { call, type Answer } from "../api/client.ts";
import { count, counted } from "../wording.ts";
import type { Question } from "./ask.tsx";
import { ReconnectLink } from "./reconnect-link.tsx";

/** The API counts an account's posts up to here. */
const countedUpTo = 1_000;

export type AccountAction = "pause" | "resume" | "check" | "reconnect";

export const change = (id: string, action: AccountAction) =>
  call<never>("POST", `/v1/operator/social-accounts/${id}/${action}`);

export function upTo(posts: number): string {
  return posts >= countedUpTo ? `${count(countedUpTo)} or more` : count(posts);
}

export function pauseQuestion({ id, name, waitingPosts }: Account): Question {
  return {
    title: `Pause ${name}?`,
    text: (
      <p>
        {waitingPosts === 0 ? "No post waits for it now." : `${its(waitingPosts, "waiting")} held.`} Nothing of it is
        published until somebody resumes it.
      </p>
    ),
    confirm: "Pause",
    grave: true,
    act: () => change(id, "pause"),
    told: told(`${name} is paused; what is to go out by it is held.`),
  };
}

export function resumeQuestion({ id, name, heldPosts, status }: Account): Question {
  const stillClosed = status === "needs_reconnect";
  return {
    title: `Resume ${name}?`,
    text: (
      <p>
        {stillClosed
          ? "It must still be reconnected, and its posts stay held until then."
          : heldPosts === 0
            ? "No post of it is held."
            : `${its(heldPosts, "held")} released; what is overdue goes out at once.`}
      </p>
    ),
    confirm: "Resume",
    act: () => change(id, "resume"),
    told: told(stillClosed ? `${name} is no longer paused, but must still be reconnected.` : `${name} is open again.`),
  };
}

export function reconnectQuestion({ id, name, platform, heldPosts, paused, status }: Account): Question {
  return {
    title: `Reconnect ${name}?`,
    text: (
      <>
        <p>
          This makes a link to the log-in at {platform}, good for ten minutes. Open it here, or hand it to whoever owns
          the account. Only {name} itself can be logged in with.
        </p>
        <p>
          {status === "active" ? "Until then it goes on as it is. " : ""}
          {paused
            ? "It is paused, and stays so."
            : heldPosts === 0
              ? "No post of it is held."
              : `${its(heldPosts, "held")} released by that; what is overdue goes out at once.`}
        </p>
      </>
    ),
    confirm: "Make the link",
    act: () => change(id, "reconnect"),
    told: (answer) =>
      answer.ok ? <ReconnectLink name={name} link={answer.body as Reconnection} /> : refused(answer.message),
  };
}

/** `Its 3 held posts are`. */
function its(posts: number, how: string): string {
  if (posts >= countedUpTo) return `Its ${upTo(posts)} ${how} posts are`;
  return `Its ${counted(posts, `${how} post`)} ${posts === 1 ? "is" : "are"}`;
}

function told(done: string): (answer: Answer<unknown>) => string {
  return (answer) => (answer.ok ? done : refused(answer.message));
}

function refused(message: string): string {
  return `Nothing is known to have changed. ${message}`;
}
