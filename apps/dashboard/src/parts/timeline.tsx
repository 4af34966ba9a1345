/** Everything that happened to a post, oldest first, as sentences. */
import type { ComponentChildren } from "preact";
import type { TimelineEntry } from "../api/answers.ts";
import { duration, plain, type Tone } from "../wording.ts";
import { Instant, local } from "./instant.tsx";
import { Empty } from "./shown.tsx";
import { Sign } from "./sign.tsx";

export interface TimelineProps {
  entries: readonly TimelineEntry[];
  /** Whether nothing comes after these: then the job, as Redis has it, is the last. */
  isEnd: boolean;
}

export function Timeline({ entries, isEnd }: TimelineProps) {
  if (entries.length === 0) return <Empty>Nothing is known any more.</Empty>;
  return (
    <ol class="timeline">
      {entries.map((entry, index) => (
        <li key={index}>
          <span class="at">
            <Instant at={entry.at} precise />
            <span class="note">{sinceBefore(entry, entries[index - 1])}</span>
          </span>
          <div>
            <Entry entry={entry} />
            <Request entry={entry} before={entries.slice(0, index)} />
          </div>
        </li>
      ))}
      {isEnd && entries.at(-1)?.job === undefined ? (
        <li>
          <span class="at">now</span>
          <div>
            <Sign tone="idle">no job is to be seen</Sign>{" "}
            <span class="note">Redis has none (any more), or does not answer</span>
          </div>
        </li>
      ) : null}
    </ol>
  );
}

function sinceBefore({ at }: TimelineEntry, before: TimelineEntry | undefined): string {
  if (before === undefined) return "";
  const ms = Date.parse(at) - Date.parse(before.at);
  return ms > 0 ? ` +${duration(ms)}` : "";
}

function Entry({ entry }: { entry: TimelineEntry }) {
  if (entry.attempt !== undefined) return <AttemptMoment entry={entry} />;
  if (entry.job !== undefined) return <JobMoment job={entry.job} />;
  if (entry.type === "operator.action") return <ActionMoment entry={entry} />;
  return <EventMoment entry={entry} />;
}

/** What leads to the logs, where it is another one than before. */
function Request({ entry: { requestId }, before }: { entry: TimelineEntry; before: readonly TimelineEntry[] }) {
  const last = before.findLast((entry) => typeof entry.requestId === "string");
  if (typeof requestId !== "string" || requestId === last?.requestId) return null;
  return <span class="note"> · request {requestId}</span>;
}

const eventTones: Readonly<Record<string, Tone>> = {
  "post.published": "good",
  "post.failed": "bad",
  "post.missed": "bad",
  "post.unconfirmed": "bad",
  "post.retrying": "warn",
  "post.held": "warn",
  "post.at_risk": "warn",
};

function EventMoment({ entry: { type, data = {} } }: { entry: TimelineEntry }) {
  return (
    <>
      <Sign tone={eventTones[type] ?? "idle"}>{plain(type.replace(/^(post|account)\./, ""))}</Sign>
      <Details data={data} />
    </>
  );
}

function AttemptMoment({ entry: { type, attempt } }: { entry: TimelineEntry }) {
  if (attempt === undefined) return null;
  const { number, worker, outcome, category, code, message, httpStatus, externalId } = attempt;
  if (type !== "attempt.ended") {
    return (
      <Sign tone="busy">
        attempt {number} {type === "attempt.sending" ? "sends" : "began"}{" "}
        <span class="note">{type === "attempt.sending" ? "" : `worker ${worker}`}</span>
      </Sign>
    );
  }
  const answers = [
    category === null ? null : plain(category),
    message,
    code,
    httpStatus === null ? null : `HTTP ${httpStatus}`,
    externalId === null ? null : `id ${externalId}`,
  ].filter((part) => part !== null);
  return (
    <>
      <Sign tone={outcome === "published" ? "good" : "warn"}>
        attempt {number} ended: {plain(outcome ?? "?")}
      </Sign>
      <span class="note"> {answers.join(" · ")}</span>
    </>
  );
}

function JobMoment({ job }: { job: NonNullable<TimelineEntry["job"]> }): ComponentChildren {
  return (
    <>
      <Sign tone="idle">the job is {job.state === "unknown" ? "not in Redis" : job.state} now</Sign>
      <span class="note">
        {" "}
        <a href={job.boardUrl}>{job.id}</a>
        {job.failedReason === null ? "" : ` · ${job.failedReason}`}
      </span>
    </>
  );
}

function ActionMoment({ entry: { action = "", user, outcome, detail = {} } }: { entry: TimelineEntry }) {
  return (
    <>
      <Sign tone="busy">
        {user}: {plain(action)}
      </Sign>
      <span class="note"> {outcome ?? "broken off"}</span>
      <Details data={detail} />
    </>
  );
}

/** Said by the entry itself, by those around it, or at the head of the page. */
const saidElsewhere = /^(status|revision|attempt|externalUrl|\w+Id)$/;

function Details({ data }: { data: Record<string, unknown> }) {
  const shown = Object.entries(data).flatMap(([name, value]) => (saidElsewhere.test(name) ? [] : say(name, value)));
  return shown.length === 0 ? null : <span class="note"> {shown.join(" · ")}</span>;
}

/** @returns nothing for what is not so, or not short */
function say(name: string, value: unknown): string[] {
  if (value === true) return [words(name)];
  if (typeof value === "number") {
    const [, length] = /^(\w+)Ms$/.exec(name) ?? [];
    return [length === undefined ? `${words(name)} ${value}` : `${words(length)} ${duration(value)}`];
  }
  return typeof value === "string" ? [`${words(name)} ${instantOrText(value)}`] : [];
}

/** `nextAttemptAt` as people write it. */
function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function instantOrText(value: string): string {
  return /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(value) ? local(value) : value;
}
