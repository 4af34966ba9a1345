import type { Overview } from "../api/answers.ts";
import { plain } from "../wording.ts";
import { Age } from "./instant.tsx";
import { Link } from "./link.tsx";

/** What went wrong last, with the way to it. */
export function LastError({ error }: { error: Overview["lastError"] }) {
  if (error === null) return null;
  return (
    <p class="last-error">
      <strong>Last:</strong> {error.message} <span class="note">({error.code})</span> · {plain(error.category)} on{" "}
      {error.platform}, <Age at={error.at} /> · <Link href={`/posts/${error.postId}`}>see the post</Link>
    </p>
  );
}
