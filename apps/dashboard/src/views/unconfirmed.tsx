/** Posts that may be out already: nobody but a person who looks can tell. */
import type { Page, UnconfirmedRow } from "../api/answers.ts";
import { withQuery } from "../api/client.ts";
import { useResource } from "../api/resource.ts";
import { When } from "../parts/instant.tsx";
import { Link } from "../parts/link.tsx";
import { useOutcome, type Outcome } from "../parts/outcome.tsx";
import { Paging } from "../parts/paging.tsx";
import { resolveQuestion } from "../parts/post-questions.tsx";
import { Empty, Shown } from "../parts/shown.tsx";
import type { Place } from "../routes.ts";
import { useMayAct } from "../session.ts";
import { counted } from "../wording.ts";

const readEveryMs = 10_000;

export function UnconfirmedView({ place }: { place: Place }) {
  const path = withQuery("/v1/operator/unconfirmed", Object.fromEntries(place.query));
  const rows = useResource<Page<UnconfirmedRow>>(path, { everyMs: readEveryMs });
  const outcome = useOutcome(() => void rows.read());
  return (
    <>
      <h1 tabIndex={-1}>Unconfirmed posts</h1>
      <p>
        The request that publishes them left, and its answer was lost. They are never sent again by themselves. Look at
        the platform and say what is true: what is there becomes published, what is not becomes failed and can be
        retried.
      </p>
      {outcome.shown}
      <Shown resource={rows}>
        {({ data, nextCursor }) => (
          <>
            {data.length === 0 ? <Empty>No post is unconfirmed. Nothing to do here.</Empty> : null}
            <ul class="boxes">
              {data.map((row) => (
                <Row key={row.id} row={row} outcome={outcome} />
              ))}
            </ul>
            <Paging place={place} nextCursor={nextCursor} />
          </>
        )}
      </Shown>
    </>
  );
}

function Row({ row, outcome }: { row: UnconfirmedRow; outcome: Outcome }) {
  const mayAct = useMayAct();
  const { id, excerpt, socialAccount, company, failure } = row;
  return (
    <li class="box" aria-labelledby={`post-${id}`}>
      <h2 id={`post-${id}`}>
        <Link href={`/posts/${id}`}>{excerpt === "" ? "(no text)" : excerpt}</Link>
      </h2>
      <dl class="facts">
        <div>
          <dt>Account</dt>
          <dd>
            {socialAccount.name} <span class="note">{`${socialAccount.platform}, ${company.name}`}</span>
          </dd>
        </div>
        <div>
          <dt>Sent</dt>
          <dd>{row.sentAt === null ? "–" : <When at={row.sentAt} />}</dd>
        </div>
        <div>
          <dt>What happened</dt>
          <dd>{failure?.message ?? "The answer was lost."}</dd>
        </div>
        <div>
          <dt>What the platform showed</dt>
          <dd>
            {row.shown ?? "Nothing that tells."} <span class="note">{readings(row)}</span>
          </dd>
        </div>
      </dl>
      {mayAct ? (
        <div class="buttons">
          <button onClick={() => outcome.ask(resolveQuestion(id, "published"))}>It is there</button>
          <button onClick={() => outcome.ask(resolveQuestion(id, "not_published"))}>It is not there</button>
        </div>
      ) : null}
    </li>
  );
}

function readings({ confirmCount, confirmAt }: UnconfirmedRow) {
  return (
    <>
      {confirmCount === 0 ? "Not read yet." : `Read ${counted(confirmCount, "time")}.`}{" "}
      {confirmAt === null ? (
        "It is not read again: a person decides."
      ) : (
        <>
          Next reading <When at={confirmAt} />
        </>
      )}
    </>
  );
}
