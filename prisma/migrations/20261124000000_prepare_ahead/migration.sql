-- Preparing before the instant, keeping credentials fresh, and the platforms' limits on publishing.

ALTER TABLE posts
  ADD COLUMN needs_preparing boolean NOT NULL DEFAULT true,
  ADD COLUMN preparing_token uuid,
  ADD COLUMN preparing_until timestamptz(3),
  ADD COLUMN prepared_at     timestamptz(3),
  ADD COLUMN limited_until   timestamptz(3),
  ADD COLUMN checks_left     smallint NOT NULL DEFAULT 0,
  ADD COLUMN risks_told      text[] NOT NULL DEFAULT '{}',
  ADD CONSTRAINT posts_preparing_check CHECK ((preparing_token IS NULL) = (preparing_until IS NULL));
COMMENT ON COLUMN posts.needs_preparing IS 'Whether its platform has anything to prepare for this content, as far as whoever accepted it knew; true costs a step, false is checked again.';
COMMENT ON COLUMN posts.preparing_token IS 'Fences who prepares the post before its instant; a claim or an edit takes it away.';
COMMENT ON COLUMN posts.preparing_until IS 'Until when whoever prepares the post before its instant is believed alive.';
COMMENT ON COLUMN posts.prepared_at IS 'When all that precedes sending this revision was done ahead; null: it was not.';
COMMENT ON COLUMN posts.limited_until IS 'Equal to next_attempt_at while the post waits for a limit; anything else says nothing.';
COMMENT ON COLUMN posts.checks_left IS 'How many looks at its account and media before the instant are still to come: a day ahead and an hour ahead.';
COMMENT ON COLUMN posts.risks_told IS 'The reasons for which post.at_risk was raised for this revision, besides the end of the grace.';
-- Who is looked at ahead.
CREATE INDEX posts_checks_idx ON posts (checks_left, next_attempt_at) WHERE status = 'scheduled' AND checks_left > 0;
-- Who is prepared ahead.
CREATE INDEX posts_to_prepare_idx ON posts (next_attempt_at) WHERE status = 'scheduled' AND needs_preparing AND prepared_at IS NULL;
-- An account's waiting posts in due order: to hold them, and to give those without a slot their places.
CREATE INDEX posts_account_due_idx ON posts (social_account_id, next_attempt_at, id) WHERE status IN ('scheduled', 'retrying');
DROP INDEX posts_account_waiting_idx;
-- Those that wait for a limit already.
CREATE INDEX posts_limited_idx ON posts (platform, social_account_id, limited_until) WHERE limited_until IS NOT NULL AND status IN ('scheduled', 'retrying');

CREATE TABLE preparations (
  post_id          uuid PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
  platform         text NOT NULL,
  revision         integer NOT NULL CHECK (revision >= 1),
  generation       integer NOT NULL DEFAULT 0 CHECK (generation >= 0),
  enqueued         boolean NOT NULL DEFAULT false,
  attempts         integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at  timestamptz(3),
  failure_category text,
  failure_code     text,
  failure_message  text,
  created_at       timestamptz(3) NOT NULL DEFAULT app_now(),
  updated_at       timestamptz(3) NOT NULL DEFAULT app_now()
);
COMMENT ON TABLE preparations IS 'Preparing one revision of a post before its instant. The lease and the checkpoint are the post''s own, where claims and edits see them.';
COMMENT ON COLUMN preparations.generation IS 'Rises when the work needs a new job, because BullMQ silently ignores an id it still knows.';
COMMENT ON COLUMN preparations.enqueued IS 'Whether Redis is known to have taken the job of this revision and generation.';
COMMENT ON COLUMN preparations.attempts IS 'How often it was begun.';
COMMENT ON COLUMN preparations.next_attempt_at IS 'When it may be begun; null: it is done, or left to the attempt at the instant.';
COMMENT ON COLUMN preparations.failure_code IS 'Why the latest try failed; null: it did not.';
COMMENT ON COLUMN preparations.created_at IS 'When preparing this revision was first thought of.';
COMMENT ON COLUMN preparations.updated_at IS 'When the row last changed.';
CREATE INDEX preparations_due_idx ON preparations (platform, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX preparations_unenqueued_idx ON preparations (next_attempt_at) WHERE NOT enqueued AND next_attempt_at IS NOT NULL;

ALTER TABLE social_accounts
  ADD COLUMN credentials_at      timestamptz(3) NOT NULL DEFAULT app_now(),
  ADD COLUMN refreshed_at        timestamptz(3),
  ADD COLUMN refresh_at          timestamptz(3) NOT NULL DEFAULT app_now(),
  ADD COLUMN refresh_claim       uuid,
  ADD COLUMN refresh_claim_until timestamptz(3),
  ADD COLUMN refresh_failures    integer NOT NULL DEFAULT 0 CHECK (refresh_failures >= 0),
  ADD COLUMN checked_at          timestamptz(3),
  ADD COLUMN check_result        text CHECK (check_result IN ('works', 'refused', 'cannot_tell')),
  ADD COLUMN check_message       text,
  ADD CONSTRAINT social_accounts_refresh_check CHECK ((refresh_claim IS NULL) = (refresh_claim_until IS NULL));
COMMENT ON COLUMN social_accounts.credentials_at IS 'Since when these credentials are here; with their end it tells how long they live.';
COMMENT ON COLUMN social_accounts.refreshed_at IS 'When the machine got these credentials from the platform; null: a person gave them.';
COMMENT ON COLUMN social_accounts.refresh_at IS 'When it is looked at next whether the credentials are to be renewed.';
COMMENT ON COLUMN social_accounts.refresh_claim IS 'Who renews the credentials now: one at a time.';
COMMENT ON COLUMN social_accounts.refresh_claim_until IS 'Until when whoever renews the credentials is believed alive.';
COMMENT ON COLUMN social_accounts.refresh_failures IS 'How often in a row renewing came to nothing.';
COMMENT ON COLUMN social_accounts.checked_at IS 'When the platform was last asked ahead of a post whether the credentials work.';
COMMENT ON COLUMN social_accounts.check_result IS 'What it said then: works, refused or cannot_tell.';
CREATE INDEX social_accounts_refresh_idx ON social_accounts (refresh_at) WHERE status = 'active' AND deleted_at IS NULL;

CREATE TABLE rate_slots (
  subject     text NOT NULL,
  window_ms   bigint NOT NULL CHECK (window_ms > 0),
  number      integer NOT NULL CHECK (number >= 1),
  free_at     timestamptz(3) NOT NULL DEFAULT app_now(),
  taken_at    timestamptz(3),
  claim_token uuid,
  PRIMARY KEY (subject, window_ms, number)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE rate_slots IS 'A limit of so many sends in any window is that many slots, each used at most once a window. Made as they are needed.';
COMMENT ON COLUMN rate_slots.subject IS 'Whom the platform counts: an account''s id, or the platform''s name for our app there.';
COMMENT ON COLUMN rate_slots.free_at IS 'From when the slot may be taken: a window after the send it was taken for was over.';
COMMENT ON COLUMN rate_slots.taken_at IS 'When the slot was last taken.';
COMMENT ON COLUMN rate_slots.claim_token IS 'The claim that holds the slot; null: its attempt is over.';
CREATE INDEX rate_slots_free_idx ON rate_slots (subject, window_ms, free_at);
CREATE INDEX rate_slots_claim_idx ON rate_slots (claim_token) WHERE claim_token IS NOT NULL;

CREATE TABLE rate_blocks (
  subject text PRIMARY KEY,
  until   timestamptz(3) NOT NULL
);
COMMENT ON TABLE rate_blocks IS 'Whom a platform told to wait. Subjects as in rate_slots.';
COMMENT ON COLUMN rate_blocks.until IS 'Until when nothing is sent for the subject.';
