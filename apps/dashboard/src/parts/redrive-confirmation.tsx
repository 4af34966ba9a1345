/** What a redrive would do, the pace of it, and doing it. */
import { useState } from "preact/hooks";
import type { Redrive, RedrivePreview } from "../api/answers.ts";
import { call, type Answer } from "../api/client.ts";
import { count, counted, duration } from "../wording.ts";
import type { Question } from "./ask.tsx";
import { local } from "./instant.tsx";
import { useOutcome } from "./outcome.tsx";
import { postColumns } from "./post-cells.tsx";
import { Empty } from "./shown.tsx";
import { Table } from "./table.tsx";

export interface RedriveConfirmationProps {
  preview: RedrivePreview;
  filter: Readonly<Record<string, string>>;
  onAgain(): void;
}

const paceDefault = 10;
const paceMax = 600;

export function RedriveConfirmation({ preview, filter, onAgain }: RedriveConfirmationProps) {
  const [pace, setPace] = useState(paceDefault);
  const outcome = useOutcome(onAgain);
  const { count: posts, countMax, accounts, perAccount, sample } = preview;
  const isPace = Number.isInteger(pace) && pace >= 1 && pace <= paceMax;
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    outcome.ask(redriveQuestion(preview, filter, pace));
  };
  return (
    <>
      {outcome.shown}
      <section class="box" aria-labelledby="fits">
        <h2 id="fits" aria-live="polite">
          {posts === 0 ? "No post fits" : `${counted(posts, "post")} of ${counted(accounts, "account")}`}
        </h2>
        <LeftOut leftOut={preview.leftOut} />
        {posts === 0 ? (
          <Empty>Nothing would be sent. Change the filter, or be glad.</Empty>
        ) : posts > countMax ? (
          <p class="told bad">
            More than {count(countMax)} are not taken at once. Narrow the filter, such as by account or time.
          </p>
        ) : (
          <form class="pace" onSubmit={send}>
            <label>
              Posts per account and minute
              <input
                type="number"
                min={1}
                max={paceMax}
                required
                value={pace}
                onInput={(event) => setPace(event.currentTarget.valueAsNumber)}
              />
            </label>
            <span class="note">{isPace ? `The last is due in about ${lasts(perAccount, pace)}.` : ""}</span>
            <button class="main">Send {counted(posts, "post")} again …</button>
          </form>
        )}
      </section>
      {posts === 0 ? null : (
        <>
          <h2>By account</h2>
          <ul class="per-account">
            {perAccount.map(({ socialAccountId, name, platform, count: own }) => (
              <li key={socialAccountId}>
                {name} <span class="note">{platform}</span> <strong>{count(own)}</strong>
              </li>
            ))}
            {accounts > perAccount.length ? <li>and {counted(accounts - perAccount.length, "more account")}</li> : null}
          </ul>
          <h2>A sample, the newest</h2>
          <Table caption="A sample of the posts" columns={postColumns} rows={sample} keyOf={({ id }) => id} />
        </>
      )}
    </>
  );
}

function LeftOut({ leftOut: { unconfirmed, accountDeleted, accountClosed } }: Pick<RedrivePreview, "leftOut">) {
  const lines = [
    unconfirmed > 0 ? `${counted(unconfirmed, "post")} left out: unconfirmed, decide them first.` : null,
    accountDeleted > 0 ? `${counted(accountDeleted, "post")} left out: the account was deleted.` : null,
    accountClosed > 0
      ? `${counted(accountClosed, "post")} will be held: the account is paused or must be reconnected.`
      : null,
  ].filter((line) => line !== null);
  if (lines.length === 0) return null;
  return (
    <ul>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

function lasts(perAccount: RedrivePreview["perAccount"], pace: number): string {
  const most = Math.max(1, ...perAccount.map(({ count: own }) => own));
  return duration(((most - 1) / pace) * 60_000);
}

function redriveQuestion(preview: RedrivePreview, filter: Readonly<Record<string, string>>, pace: number): Question {
  const body = { filter, expectedCount: preview.count, perAccountPerMinute: pace };
  return {
    title: `Send ${counted(preview.count, "post")} again?`,
    text: (
      <p>
        They become due from now on, {count(pace)} of an account in a minute, the last in about{" "}
        {lasts(preview.perAccount, pace)}. Each can still be cancelled while it waits.
      </p>
    ),
    confirm: "Send again",
    act: () => call<Redrive>("POST", "/v1/operator/redrive", { body }),
    told: (answer) => told(answer as Answer<Redrive>),
  };
}

function told(answer: Answer<Redrive>): string {
  if (answer.ok) {
    const { accepted, lastDueAt } = answer.body;
    return `${counted(accepted, "post")} ${accepted === 1 ? "waits" : "wait"} again. The last is due at ${local(lastDueAt)}.`;
  }
  if (answer.code === "count_changed")
    return "Nothing was sent: meanwhile another number of posts fits. Look at the new count.";
  if (answer.status === 0)
    return "The server does not answer, so it is not known whether this was done. The new count will tell.";
  return `Nothing was sent. ${answer.message}`;
}
