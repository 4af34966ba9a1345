/** What a post is and how it stands, as a list of facts. */
import type { ComponentChildren } from "preact";
import type { PostDetail } from "../api/answers.ts";
import { withQuery } from "../api/client.ts";
import { categoryMeaning, duration, plain } from "../wording.ts";
import { Instant, When } from "./instant.tsx";
import { Link } from "./link.tsx";

type Fact = [title: string, value: ComponentChildren];

export function PostFacts({ detail }: { detail: PostDetail }) {
  const { text, media, link } = detail.post;
  return (
    <div class="post">
      <div>
        <blockquote>{text === "" ? <span class="note">(no text)</span> : text}</blockquote>
        {media.length === 0 && link === null ? null : (
          <ul class="attached">
            {link === null ? null : <li>link: {link}</li>}
            {media.map(({ url, alt }) => (
              <li key={url}>
                media: {url} {alt === undefined ? null : <span class="note">{alt}</span>}
              </li>
            ))}
          </ul>
        )}
      </div>
      <dl class="facts">
        {factsOf(detail).map(([title, value]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function factsOf({ post, socialAccount, company, client, job, confirmAt, requestId }: PostDetail): Fact[] {
  const facts: (Fact | null)[] = [
    ["Scheduled", <When at={post.scheduledAt} />],
    post.timeZone === null ? null : ["As given", `${post.localTime} ${post.timeZone}`],
    post.nextAttemptAt === null || post.nextAttemptAt === post.scheduledAt
      ? null
      : ["Next attempt", <When at={post.nextAttemptAt} />],
    post.publishedAt === null ? null : ["Published", <When at={post.publishedAt} />],
    post.latenessMs === null ? null : ["Late by", duration(post.latenessMs)],
    post.heldReason === null ? null : ["Held because", heldBecause[post.heldReason]],
    post.outcomeOpen ? ["Open", "A request left and no answer came; repeating it is harmless, and is done."] : null,
    confirmAt === null ? null : ["Platform is read", <When at={confirmAt} />],
    post.failure === null
      ? null
      : [
          "Failure",
          <>
            {categoryMeaning[post.failure.category] ?? plain(post.failure.category)}: {post.failure.message}{" "}
            <span class="note">
              {post.failure.code}, <Instant at={post.failure.at} />
            </span>
          </>,
        ],
    ["Attempts", `${post.attempts} so far, a budget of ${post.maxAttempts}`],
    [
      "Account",
      <Link href={withQuery("/accounts", { q: socialAccount.id })}>
        {`${socialAccount.name}, ${socialAccount.platform}${socialAccount.sandbox ? " (sandbox)" : ""}`}
      </Link>,
    ],
    ["Company", <Link href={withQuery("/posts", { companyId: company.id })}>{company.name}</Link>],
    client === null ? null : ["Client", <Link href={withQuery("/posts", { clientId: client.id })}>{client.name}</Link>],
    post.externalId === null && post.externalUrl === null ? null : ["On the platform", <External post={post} />],
    ["If late", ifLate(post.lateness)],
    post.groupId === null ? null : ["Group", <code>{post.groupId}</code>],
    ["Revision", `${post.revision}`],
    ["Job", <a href={job.boardUrl}>{job.id}</a>],
    requestId === null ? null : ["Request", <code>{requestId}</code>],
    ["Accepted", <When at={post.createdAt} />],
    ["Changed", <When at={post.updatedAt} />],
  ];
  return facts.filter((fact) => fact !== null);
}

const heldBecause = {
  paused: "its account is paused: resume it to release the post",
  needs_reconnect: "its account must be reconnected: the platform refused its credentials",
} as const;

function ifLate({ graceMinutes, then }: PostDetail["post"]["lateness"]): string {
  const grace = duration(graceMinutes * 60_000);
  return then === "miss" ? `missed after ${grace}` : `published at any time, alarm after ${grace}`;
}

function External({ post: { externalId, externalUrl } }: { post: PostDetail["post"] }) {
  if (externalUrl === null || !/^https?:/.test(externalUrl)) return <code>{externalId ?? externalUrl}</code>;
  return (
    <a href={externalUrl} rel="noreferrer">
      {externalId ?? externalUrl}
    </a>
  );
}
