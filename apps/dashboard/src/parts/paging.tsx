/** Page by page through a long list: the place in it is in the address, so Back goes back. */
import { Link } from "./link.tsx";
import { withQuery } from "../api/client.ts";
import type { Place } from "../routes.ts";

export interface PagingProps {
  place: Place;
  nextCursor: string | null;
  /** What leads back to the first page. */
  first?: string;
  next?: string;
}

export function Paging({ place, nextCursor, first = "« Newest", next = "Older »" }: PagingProps) {
  const parameters = Object.fromEntries(place.query);
  const isFirst = !place.query.has("cursor");
  if (isFirst && nextCursor === null) return null;
  return (
    <nav class="paging" aria-label="Pages">
      {isFirst ? null : <Link href={withQuery(place.path, { ...parameters, cursor: undefined })}>{first}</Link>}
      {nextCursor === null ? (
        <span>This is the end.</span>
      ) : (
        <Link href={withQuery(place.path, { ...parameters, cursor: nextCursor })} rel="next">
          {next}
        </Link>
      )}
    </nav>
  );
}
