/** The filters of the list of posts. */
import type { PostStatus } from "@punctual/core";
import type { PostFilter } from "@punctual/db";
import { ProblemError } from "../problem.ts";
import { readInstant } from "./post-time.ts";
import type { PostListQuery } from "./schemas.ts";

/** @throws {ProblemError} 400 if an instant does not exist */
export function toPostFilter(query: PostListQuery): PostFilter {
  return {
    statuses: query.status === undefined ? null : (query.status.split(",") as PostStatus[]),
    platform: query.platform ?? null,
    socialAccountId: query.socialAccountId ?? null,
    clientId: query.clientId ?? null,
    groupId: query.groupId ?? null,
    scheduledFrom: readFilterInstant("scheduledFrom", query.scheduledFrom),
    scheduledTo: readFilterInstant("scheduledTo", query.scheduledTo),
  };
}

/** @throws {ProblemError} 400 if there is no such instant */
export function readFilterInstant(path: string, value: string | undefined): Date | null {
  if (value === undefined) return null;
  const milliseconds = readInstant(value);
  if (milliseconds !== null) return new Date(milliseconds);
  const issue = { path, code: "invalid_instant", message: "there is no such instant" };
  throw new ProblemError(
    400,
    "invalid_request",
    `The ${path.startsWith("/") ? "body" : "query string"} does not fit, see errors.`,
    { issues: [issue] },
  );
}
