/** Why something cannot be done to a post, as documented and as answered: the same for clients and for operators. */
import type { PostStatus } from "@punctual/core";
import { noSuch } from "../answer.ts";
import { notFound, ProblemError } from "../problem.ts";
import { changingTooFast } from "../rounds.ts";
import type { CancelResult } from "./cancel-post.ts";
import type { EditResult } from "./edit-post.ts";
import { etagOf } from "./post-answer.ts";
import type { RetryResult } from "./retry-post.ts";
import { refusal } from "./schedule-answer.ts";
import { contentRefusals } from "./schedule-refusals.ts";

export const editRefusals = {
  404: noSuch("post"),
  409: { too_late: "The post is publishing; it cannot be edited any more." },
  422: contentRefusals,
  503: { post_changing: "The post is changing too fast; try again." },
};

export function notEdited(result: Exclude<EditResult, { kind: "edited" }>): ProblemError {
  switch (result.kind) {
    case "no_such_post":
      return notFound("post");
    case "too_late":
      return new ProblemError(409, "too_late", `The post is ${result.status}; it cannot be edited any more.`);
    case "other_revision": {
      const headers = { etag: etagOf(result) };
      return new ProblemError(412, "other_revision", `The post is at revision ${result.revision}.`, { headers });
    }
    case "refused":
      return refusal(result.issues);
    case "contended":
      return changingTooFast("post_changing", "post");
  }
}

export const cancelRefusals = {
  404: noSuch("post"),
  409: {
    too_late: "The post is published; it cannot be cancelled any more.",
    unconfirmed: "Nobody knows yet whether the post was published; it cannot be cancelled.",
  },
};

export function notCancelled(result: Exclude<CancelResult, { kind: "cancelled" }>): ProblemError {
  switch (result.kind) {
    case "no_such_post":
      return notFound("post");
    case "too_late":
      return new ProblemError(409, "too_late", `The post is ${result.status}; it cannot be cancelled any more.`);
    case "unconfirmed": {
      const detail = "Nobody knows yet whether the post was published; it cannot be cancelled.";
      return new ProblemError(409, "unconfirmed", detail);
    }
  }
}

export const retryRefusals = {
  404: noSuch("post"),
  409: {
    not_retryable: "The post is published; only failed, missed and retrying ones can be tried again.",
    account_deleted: "The post's social account was deleted.",
  },
};

export function notRetried(result: Exclude<RetryResult, { kind: "retried" }>): ProblemError {
  switch (result.kind) {
    case "no_such_post":
      return notFound("post");
    case "account_deleted":
      return new ProblemError(409, "account_deleted", "The post's social account was deleted.");
    case "not_retryable": {
      const detail = `The post is ${result.status}; only failed, missed and retrying ones can be tried again.`;
      return new ProblemError(409, "not_retryable", detail);
    }
  }
}

export const resolveRefusals = {
  404: noSuch("post"),
  409: { not_unconfirmed: "The post is published; there is nothing to resolve." },
};

export function notUnconfirmed(status: PostStatus): ProblemError {
  return new ProblemError(409, "not_unconfirmed", `The post is ${status}; there is nothing to resolve.`);
}
