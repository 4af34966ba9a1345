/** How a post looks as a row of any list. */
import type { PostRow } from "../api/answers.ts";
import { duration, plain } from "../wording.ts";
import { When } from "./instant.tsx";
import { Link } from "./link.tsx";
import { StatusSign } from "./sign.tsx";
import type { Column } from "./table.tsx";

export const postColumns: readonly Column<PostRow>[] = [
  {
    title: "Post",
    heading: true,
    cell: ({ id, excerpt }) => <Link href={`/posts/${id}`}>{excerpt === "" ? "(no text)" : excerpt}</Link>,
  },
  { title: "State", cell: (post) => <StatusSign status={post.status} note={noteOf(post)} /> },
  { title: "Scheduled", cell: ({ scheduledAt }) => <When at={scheduledAt} /> },
  {
    title: "Account",
    cell: ({ socialAccount, company }) => (
      <>
        {socialAccount.name} <span class="note">{`${socialAccount.platform}, ${company.name}`}</span>
      </>
    ),
  },
  { title: "Attempts", numeric: true, cell: ({ attempts }) => (attempts === 0 ? null : attempts) },
  { title: "Late", numeric: true, cell: ({ latenessMs }) => (latenessMs === null ? null : duration(latenessMs)) },
  {
    title: "Failure",
    cell: ({ failure }) =>
      failure === null ? null : (
        <>
          {plain(failure.category)} <span class="note">{failure.message}</span>
        </>
      ),
  },
];

function noteOf({ heldReason, outcomeOpen }: PostRow): string | null {
  if (heldReason === "paused") return "account paused";
  if (heldReason === "needs_reconnect") return "account must be reconnected";
  return outcomeOpen ? "answer lost, repeating" : null;
}
