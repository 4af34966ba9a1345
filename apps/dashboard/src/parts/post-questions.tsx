/** What is asked before a post is changed, what is sent, and how each answer is told: always what is true now. */
import type { PostAction, PostDetail } from "../api/answers.ts";
import { call, type Answer } from "../api/client.ts";
import { serverNow } from "../live/clock.ts";
import type { Question } from "./ask.tsx";
import { fieldText } from "./form-field.ts";
import { fromLocal, toLocal } from "./filter-form.tsx";
import { local } from "./instant.tsx";

/** What is due within it is due now, to a person. */
const soonMs = 2_000;

const post = (id: string, action: PostAction, body?: object): Promise<Answer<PostDetail>> =>
  call("POST", `/v1/operator/posts/${id}/${action}`, body === undefined ? {} : { body });

/** @param done what to say when it was done; a refusal speaks for itself */
function told(done: (detail: PostDetail) => string): (answer: Answer<unknown>) => string {
  return (answer) => {
    if (answer.ok) return done((answer as { body: PostDetail }).body);
    if (answer.status === 0)
      return "The server does not answer, so it is not known whether this was done. Look at the state before trying again.";
    return `Nothing was changed. ${answer.message}`;
  };
}

export function cancelQuestion(id: string): Question {
  return {
    title: "Cancel this post?",
    text: <p>It will not be published. A cancelled post cannot be taken up again.</p>,
    confirm: "Cancel the post",
    grave: true,
    act: () => post(id, "cancel"),
    told: told(() => "The post is cancelled. It will not be published."),
  };
}

export function retryQuestion({ post: { id, scheduledAt } }: PostDetail): Question {
  const isToCome = Date.parse(scheduledAt) > serverNow();
  return {
    title: "Try this post again?",
    text: (
      <p>
        {isToCome ? `Its time is still to come: it goes out at ${local(scheduledAt)}` : "It becomes due at once"}, with
        a new budget of attempts. What was tried so far stays in its timeline.
      </p>
    ),
    confirm: "Try again",
    act: () => post(id, "retry"),
    told: told(({ post: { status, nextAttemptAt } }) => {
      if (status === "held")
        return "The post will be tried again, but waits: its account is paused or must be reconnected.";
      if (nextAttemptAt !== null && Date.parse(nextAttemptAt) > serverNow() + soonMs)
        return `The post waits again, and goes out at ${local(nextAttemptAt)}.`;
      return "The post is due now. A worker takes it within seconds.";
    }),
  };
}

export function resolveQuestion(id: string, outcome: "published" | "not_published"): Question {
  if (outcome === "not_published") {
    return {
      title: "Is it certain that the post is not there?",
      text: (
        <p>
          It becomes failed, and may then be tried again. If it is there after all, trying again publishes it twice.
        </p>
      ),
      confirm: "It is not there",
      grave: true,
      act: () => post(id, "resolve", { outcome }),
      told: told(() => "Noted: the post was not published. It is failed now, and can be tried again."),
    };
  }
  return {
    title: "Is the post there?",
    text: <p>It becomes published and is never sent again.</p>,
    fields: (
      <label>
        Its id on the platform, if you have it
        <input name="externalId" autocomplete="off" maxLength={500} />
      </label>
    ),
    confirm: "It is there",
    act: (fields) => {
      const externalId = fieldText(fields, "externalId").trim();
      return post(id, "resolve", { outcome, ...(externalId === "" ? {} : { externalId }) });
    },
    told: told(() => "Noted: the post is published. It will not be sent again."),
  };
}

export function rescheduleQuestion({ post: { id, scheduledAt, status } }: PostDetail): Question {
  const hasEnded = status === "failed" || status === "missed";
  return {
    title: "When should the post go out?",
    text: (
      <p>
        In your own time zone. Its text stays as it is.{" "}
        {hasEnded ? `It stays ${status} until it is tried again: then it goes out at the new time.` : null}
      </p>
    ),
    fields: (
      <label>
        New time
        <input type="datetime-local" step="1" name="scheduledAt" required defaultValue={toLocal(scheduledAt)} />
      </label>
    ),
    confirm: "Reschedule",
    act: (fields) => post(id, "reschedule", { scheduledAt: fromLocal(fieldText(fields, "scheduledAt")) }),
    told: told(({ post: { status, scheduledAt: at } }) =>
      status === "failed" || status === "missed"
        ? `The time is now ${local(at)}, and the post stays ${status} until it is tried again.`
        : `The post goes out at ${local(at)}.`,
    ),
  };
}
