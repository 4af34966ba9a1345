-- For those who run the installation: how it is doing, who works in it, and what operators did.

-- How many posts are in which state. Counting a million rows takes long and is asked for every second, so every change
-- of a post's state leaves one line, and the lines are added up in the background. What is true at any moment is the
-- sum of both tables: a line is only ever inserted, and moved from one table to the other in one statement.
CREATE TABLE post_counts (
  platform text NOT NULL,
  status   text NOT NULL,
  amount   bigint NOT NULL,
  PRIMARY KEY (platform, status)
);
COMMENT ON TABLE post_counts IS 'Posts by platform and state, except for what post_count_changes still says.';
COMMENT ON COLUMN post_counts.status IS 'A state of posts.';

CREATE TABLE post_count_changes (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  platform    text NOT NULL,
  from_status text,
  to_status   text,
  amount      integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE post_count_changes IS 'Changes of posts'' states that are not added to post_counts yet.';
COMMENT ON COLUMN post_count_changes.from_status IS 'The state so many posts left; null: they are new.';
COMMENT ON COLUMN post_count_changes.to_status IS 'The state they entered; null: they were removed.';

CREATE FUNCTION note_post_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO post_count_changes (platform, to_status, amount) SELECT platform, status, count(*) FROM added GROUP BY 1, 2;
  RETURN NULL;
END $$;
CREATE FUNCTION note_post_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO post_count_changes (platform, from_status, to_status, amount) VALUES (NEW.platform, OLD.status, NEW.status, 1);
  RETURN NULL;
END $$;
CREATE FUNCTION note_post_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO post_count_changes (platform, from_status, amount) SELECT platform, status, count(*) FROM removed GROUP BY 1, 2;
  RETURN NULL;
END $$;
CREATE TRIGGER posts_count_insert AFTER INSERT ON posts REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION note_post_insert();
-- By row, because most changes of posts leave the state alone and are then not even called.
CREATE TRIGGER posts_count_change AFTER UPDATE ON posts
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION note_post_change();
CREATE TRIGGER posts_count_delete AFTER DELETE ON posts REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION note_post_delete();
-- The triggers' lock keeps posts as they are until both are there.
INSERT INTO post_counts (platform, status, amount) SELECT platform, status, count(*) FROM posts GROUP BY 1, 2;

CREATE TABLE minute_statistics (
  kind     text NOT NULL CHECK (kind IN ('accepted', 'published', 'failed', 'missed', 'failure', 'lateness')),
  minute   timestamptz(3) NOT NULL,
  platform text NOT NULL,
  label    text NOT NULL DEFAULT '',
  amount   integer NOT NULL,
  max_ms   integer,
  PRIMARY KEY (kind, minute, platform, label)
);
COMMENT ON TABLE minute_statistics IS 'What happened in each minute, added up from the log of events by a reader with a cursor: each event counts once.';
COMMENT ON COLUMN minute_statistics.kind IS 'accepted, published, failed, missed: posts; failure: attempts that ended so, label is the category; lateness: published posts, label is the bucket.';
COMMENT ON COLUMN minute_statistics.minute IS 'The beginning of the minute.';
COMMENT ON COLUMN minute_statistics.max_ms IS 'Of lateness: the greatest in the bucket, in milliseconds.';

CREATE TABLE workers (
  id           text PRIMARY KEY,
  host         text NOT NULL,
  version      text NOT NULL,
  platforms    text[] NOT NULL,
  concurrency  integer NOT NULL,
  running      integer NOT NULL,
  stopping     boolean NOT NULL DEFAULT false,
  lanes        jsonb NOT NULL,
  services     jsonb NOT NULL,
  started_at   timestamptz(3) NOT NULL,
  last_seen_at timestamptz(3) NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE workers IS 'Signs of life of worker processes, one row each, gone when they stop in peace. Shows what is; safety never rests on it.';
COMMENT ON COLUMN workers.lanes IS 'Each queue it takes from: what runs, how many jobs it took, how long ago a probe came through.';
COMMENT ON COLUMN workers.services IS 'Each maintenance service: how long ago it last did a round, and whether that failed.';
COMMENT ON COLUMN workers.started_at IS 'When the process started.';
COMMENT ON COLUMN workers.last_seen_at IS 'Its last sign of life.';

CREATE TABLE operator_sessions (
  token_hash    bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
  user_name     text NOT NULL,
  password_mark text NOT NULL,
  address       text NOT NULL,
  created_at    timestamptz(3) NOT NULL DEFAULT app_now(),
  expires_at    timestamptz(3) NOT NULL
);
COMMENT ON TABLE operator_sessions IS 'Who is logged in to the pages. Only the SHA-256 of a cookie is stored; it carries 256 random bits.';
COMMENT ON COLUMN operator_sessions.password_mark IS 'Tells whether the password is still the one the session began with; a keyed hash of it under the cookie.';
COMMENT ON COLUMN operator_sessions.address IS 'Where the log-in came from.';
COMMENT ON COLUMN operator_sessions.created_at IS 'When they logged in.';
COMMENT ON COLUMN operator_sessions.expires_at IS 'When they must log in again.';

CREATE TABLE operator_actions (
  id                uuid PRIMARY KEY,
  user_name         text NOT NULL,
  via               text NOT NULL CHECK (via IN ('password', 'session')),
  address           text NOT NULL,
  request_id        text NOT NULL,
  action            text NOT NULL,
  company_id        uuid,
  post_id           uuid,
  social_account_id uuid,
  detail            jsonb NOT NULL DEFAULT '{}',
  outcome           text CHECK (outcome IN ('done', 'refused', 'failed')),
  status_code       integer,
  code              text,
  created_at        timestamptz(3) NOT NULL DEFAULT app_now(),
  ended_at          timestamptz(3),
  CONSTRAINT operator_actions_ended_check CHECK ((outcome IS NULL) = (ended_at IS NULL))
);
COMMENT ON TABLE operator_actions IS 'What operators did. Written before the action and completed after it, so nothing is done without a trace.';
COMMENT ON COLUMN operator_actions.detail IS 'What was asked for; never texts or secrets.';
COMMENT ON COLUMN operator_actions.outcome IS 'done, refused (the request was at fault) or failed (we were); null: it runs, or its process died.';
COMMENT ON COLUMN operator_actions.code IS 'Why it was refused or failed.';
COMMENT ON COLUMN operator_actions.created_at IS 'When it was asked for.';
COMMENT ON COLUMN operator_actions.ended_at IS 'When it was answered.';
CREATE INDEX operator_actions_post_id_idx ON operator_actions (post_id, id) WHERE post_id IS NOT NULL;

ALTER TABLE posts ADD COLUMN confirm_message text;
COMMENT ON COLUMN posts.confirm_message IS 'What reading the platform about a lost answer last showed, if that told nothing.';
ALTER TABLE posts ADD COLUMN trace_parent text;
COMMENT ON COLUMN posts.trace_parent IS 'The span of the request that last accepted a revision (W3C traceparent), where traces are kept.';

-- What ended badly or waits for a person, newest first.
CREATE INDEX posts_unwell_idx ON posts (id) WHERE status IN ('failed', 'missed', 'unconfirmed', 'held');
-- What failed or was missed in the last day.
CREATE INDEX posts_failed_idx ON posts (failed_at) WHERE status = 'failed';
CREATE INDEX posts_missed_idx ON posts (late_at) WHERE status = 'missed';
-- The latest failure of all.
CREATE INDEX events_failure_idx ON events (sequence) WHERE data ? 'failure';
