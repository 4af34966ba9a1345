/** One post: what it is, how it stands, what may be done about it, and everything that happened to it. */
import type { PostTimeline, PostDetail } from "../api/answers.ts";
import { useResource } from "../api/resource.ts";
import { withQuery } from "../api/client.ts";
import { useOutcome, type Outcome } from "../parts/outcome.tsx";
import { Paging } from "../parts/paging.tsx";
import { PostFacts } from "../parts/post-facts.tsx";
import { cancelQuestion, rescheduleQuestion, resolveQuestion, retryQuestion } from "../parts/post-questions.tsx";
import { Shown } from "../parts/shown.tsx";
import { StatusSign } from "../parts/sign.tsx";
import { Timeline } from "../parts/timeline.tsx";
import type { Place } from "../routes.ts";
import { useMayAct } from "../session.ts";

const readEveryMs = 3_000;

export function PostView({ id, place }: { id: string; place: Place }) {
  const path = `/v1/operator/posts/${encodeURIComponent(id)}`;
  const cursor = place.query.get("cursor") ?? undefined;
  const post = useResource<PostDetail>(path, { everyMs: readEveryMs });
  const timeline = useResource<PostTimeline>(withQuery(`${path}/timeline`, { cursor }), { everyMs: readEveryMs });
  const outcome = useOutcome(() => void Promise.all([post.read(), timeline.read()]));
  return (
    <>
      <h1 tabIndex={-1}>Post {post.body === null ? null : <StatusSign status={post.body.post.status} />}</h1>
      <p class="note id">
        <code>{id}</code>
      </p>
      {outcome.shown}
      <Shown resource={post}>
        {(detail) => (
          <>
            <Actions detail={detail} outcome={outcome} />
            <PostFacts detail={detail} />
          </>
        )}
      </Shown>
      <h2>What happened</h2>
      <Shown resource={timeline}>
        {({ data, nextCursor }) => (
          <>
            <Timeline entries={data} isEnd={nextCursor === null} />
            <Paging place={place} nextCursor={nextCursor} first="« From the beginning" next="Later »" />
          </>
        )}
      </Shown>
    </>
  );
}

function Actions({ detail, outcome }: { detail: PostDetail; outcome: Outcome }) {
  const mayAct = useMayAct();
  const { actions, post } = detail;
  if (!mayAct || actions.length === 0) return null;
  return (
    <div class="buttons" role="group" aria-label="What can be done">
      {actions.includes("resolve") ? (
        <>
          <button onClick={() => outcome.ask(resolveQuestion(post.id, "published"))}>It is there</button>
          <button onClick={() => outcome.ask(resolveQuestion(post.id, "not_published"))}>It is not there</button>
        </>
      ) : null}
      {actions.includes("retry") ? <button onClick={() => outcome.ask(retryQuestion(detail))}>Try again</button> : null}
      {actions.includes("reschedule") ? (
        <button onClick={() => outcome.ask(rescheduleQuestion(detail))}>Reschedule</button>
      ) : null}
      {actions.includes("cancel") ? (
        <button class="grave" onClick={() => outcome.ask(cancelQuestion(post.id))}>
          Cancel
        </button>
      ) : null}
    </div>
  );
}
