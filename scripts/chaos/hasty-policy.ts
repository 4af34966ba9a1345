/** The shipped policy with shorter waits, so that what fails in a run of a minute also comes to its end in it. */
import { defaultRetryPolicy, type RetryPolicy } from "@punctual/core";

export const hastyPolicy: RetryPolicy = {
  ...defaultRetryPolicy,
  network: { baseMs: 300, factor: 2 },
  platform: { baseMs: 500, factor: 2 },
  internal: { baseMs: 500, factor: 2 },
  delayMaxMs: 3_000,
  toldWaitMaxMs: 3_000,
};
