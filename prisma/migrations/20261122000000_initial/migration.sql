-- The truth of Punctual. Redis holds alarm clocks only; whatever is not in here does not exist.
-- Requires PostgreSQL 14 or newer.

-- The one clock of every rule about time. Whole milliseconds, because that is what the API shows and what instants
-- are stored in. STABLE and a single expression, so that the planner inlines it and uses indexes. Test databases
-- replace it with one that adds an offset; no installation does.
CREATE FUNCTION app_now() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT date_trunc('milliseconds', statement_timestamp()) $$;

CREATE TABLE companies (
  id         uuid PRIMARY KEY,
  name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  created_at timestamptz(3) NOT NULL DEFAULT app_now()
);
COMMENT ON TABLE companies IS 'Tenants. Everything else belongs to exactly one company.';
COMMENT ON COLUMN companies.created_at IS 'When the company was created.';

CREATE TABLE clients (
  id         uuid PRIMARY KEY,
  company_id uuid NOT NULL REFERENCES companies (id),
  name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  created_at timestamptz(3) NOT NULL DEFAULT app_now(),
  updated_at timestamptz(3) NOT NULL DEFAULT app_now(),
  CONSTRAINT clients_company_id_id_key UNIQUE (company_id, id)
);
COMMENT ON TABLE clients IS 'An agency''s customers. The unique pair lets other tables'' foreign keys pin the company too.';
COMMENT ON COLUMN clients.created_at IS 'When the client was created.';
COMMENT ON COLUMN clients.updated_at IS 'When the client was last changed.';

CREATE TABLE api_keys (
  id           uuid PRIMARY KEY,
  company_id   uuid NOT NULL REFERENCES companies (id),
  name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  scope        text NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
  key_hash     bytea NOT NULL CHECK (octet_length(key_hash) = 32),
  prefix       text NOT NULL,
  created_at   timestamptz(3) NOT NULL DEFAULT app_now(),
  expires_at   timestamptz(3),
  revoked_at   timestamptz(3),
  CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash)
);
COMMENT ON TABLE api_keys IS 'Keys of client applications. Only the SHA-256 of a key is stored; keys carry 256 random bits, so no salt is needed.';
COMMENT ON COLUMN api_keys.prefix IS 'The first characters of the key, to tell keys apart; not a secret.';
COMMENT ON COLUMN api_keys.created_at IS 'When the key was made.';
COMMENT ON COLUMN api_keys.expires_at IS 'From when on the key is refused; null: never.';
COMMENT ON COLUMN api_keys.revoked_at IS 'When the key was revoked; null: it was not.';
CREATE INDEX api_keys_company_id_idx ON api_keys (company_id);

CREATE TABLE social_accounts (
  id                  uuid PRIMARY KEY,
  company_id          uuid NOT NULL REFERENCES companies (id),
  client_id           uuid,
  platform            text NOT NULL,
  name                text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  settings            jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
  credentials         text NOT NULL,
  credentials_version integer NOT NULL DEFAULT 1 CHECK (credentials_version >= 1),
  sandbox             boolean NOT NULL DEFAULT false,
  status              text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'needs_reconnect')),
  paused              boolean NOT NULL DEFAULT false,
  created_at          timestamptz(3) NOT NULL DEFAULT app_now(),
  updated_at          timestamptz(3) NOT NULL DEFAULT app_now(),
  CONSTRAINT social_accounts_company_id_id_key UNIQUE (company_id, id),
  CONSTRAINT social_accounts_company_id_client_id_fkey FOREIGN KEY (company_id, client_id) REFERENCES clients (company_id, id)
);
COMMENT ON TABLE social_accounts IS 'One connection to one platform.';
COMMENT ON COLUMN social_accounts.credentials IS 'AES-256-GCM under ENCRYPTION_KEYS, bound to the account''s id; never leaves the process that publishes.';
COMMENT ON COLUMN social_accounts.credentials_version IS 'Rises with every change of the credentials, so that an old failure cannot disconnect new ones.';
COMMENT ON COLUMN social_accounts.sandbox IS 'True: posts go to the sandbox instead of the real network.';
COMMENT ON COLUMN social_accounts.status IS 'active: credentials are believed to work; needs_reconnect: the platform refused them, posts are held.';
COMMENT ON COLUMN social_accounts.paused IS 'True: somebody holds this account''s posts.';
COMMENT ON COLUMN social_accounts.created_at IS 'When the account was connected.';
COMMENT ON COLUMN social_accounts.updated_at IS 'When the account was last changed.';
CREATE INDEX social_accounts_company_id_client_id_idx ON social_accounts (company_id, client_id);

CREATE TABLE posts (
  id                uuid PRIMARY KEY,
  company_id        uuid NOT NULL,
  social_account_id uuid NOT NULL,
  client_id         uuid,
  platform          text NOT NULL,
  group_id          text CHECK (char_length(group_id) BETWEEN 1 AND 200),
  content           text NOT NULL,
  media             jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(media) = 'array'),
  link              text,
  options           jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(options) = 'object'),
  metadata          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),

  scheduled_at      timestamptz(3) NOT NULL,
  local_time        text,
  time_zone         text,
  time_adjustment   text CHECK (time_adjustment IN ('none', 'gap', 'overlap')),
  grace_minutes     integer NOT NULL CHECK (grace_minutes >= 0),
  when_late         text NOT NULL CHECK (when_late IN ('miss', 'publish')),
  late_at           timestamptz(3) NOT NULL,
  at_risk_at        timestamptz(3),

  status            text NOT NULL CHECK (status IN ('scheduled', 'publishing', 'retrying', 'unconfirmed', 'held', 'published', 'failed', 'missed', 'cancelled')),
  held_reason       text CHECK (held_reason IN ('paused', 'needs_reconnect')),
  outcome_open      boolean NOT NULL DEFAULT false,
  revision          integer NOT NULL DEFAULT 1 CHECK (revision >= 1),
  accepted_at       timestamptz(3) NOT NULL,
  generation        integer NOT NULL DEFAULT 0 CHECK (generation >= 0),
  enqueued_rev      integer NOT NULL DEFAULT 0,

  max_attempts      integer NOT NULL CHECK (max_attempts BETWEEN 1 AND 20),
  attempts          integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  attempts_used     integer NOT NULL DEFAULT 0 CHECK (attempts_used >= 0),
  next_attempt_at   timestamptz(3) NOT NULL,
  first_sent_at     timestamptz(3),
  claim_token       uuid,
  claimed_by        text,
  lease_until       timestamptz(3),
  checkpoint        jsonb,
  unconfirmed_at    timestamptz(3),
  confirm_at        timestamptz(3),
  confirm_count     integer NOT NULL DEFAULT 0 CHECK (confirm_count >= 0),

  published_at      timestamptz(3),
  lateness_ms       integer,
  external_id       text,
  external_url      text,
  failure_category  text,
  failure_code      text,
  failure_message   text,
  failed_at         timestamptz(3),

  request_id        text,
  created_at        timestamptz(3) NOT NULL,
  updated_at        timestamptz(3) NOT NULL,

  CONSTRAINT posts_company_id_social_account_id_fkey FOREIGN KEY (company_id, social_account_id) REFERENCES social_accounts (company_id, id),
  CONSTRAINT posts_company_id_client_id_fkey FOREIGN KEY (company_id, client_id) REFERENCES clients (company_id, id),
  CONSTRAINT posts_lease_check CHECK ((status = 'publishing') = (claim_token IS NOT NULL AND lease_until IS NOT NULL AND claimed_by IS NOT NULL)),
  CONSTRAINT posts_held_check CHECK ((status = 'held') = (held_reason IS NOT NULL)),
  CONSTRAINT posts_published_check CHECK ((status = 'published') = (published_at IS NOT NULL)),
  CONSTRAINT posts_outcome_open_check CHECK (NOT outcome_open OR status IN ('publishing', 'retrying', 'held')),
  CONSTRAINT posts_enqueued_check CHECK (enqueued_rev <= revision),
  CONSTRAINT posts_wall_clock_check CHECK ((local_time IS NULL) = (time_zone IS NULL) AND (local_time IS NULL) = (time_adjustment IS NULL))
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE posts IS 'One message, to one social account, at one instant. The row is also the outbox: a waiting row with enqueued_rev < revision needs a job.';
COMMENT ON COLUMN posts.platform IS 'The account''s platform, copied when the post is accepted: an account never changes it.';
COMMENT ON COLUMN posts.content IS 'The text of the post.';
COMMENT ON COLUMN posts.scheduled_at IS 'The instant the post is to go out.';
COMMENT ON COLUMN posts.local_time IS 'The wall-clock time as it was given, if the instant was given so.';
COMMENT ON COLUMN posts.time_zone IS 'The IANA zone the wall-clock time was given in.';
COMMENT ON COLUMN posts.time_adjustment IS 'What daylight saving did to the wall-clock time: none, gap (did not exist, moved forward) or overlap (existed twice, the first was taken).';
COMMENT ON COLUMN posts.grace_minutes IS 'How late the post may go out at most, in minutes.';
COMMENT ON COLUMN posts.when_late IS 'What happens after the grace: miss (it is not published any more) or publish (it is, and an event says so).';
COMMENT ON COLUMN posts.late_at IS 'The end of the grace: scheduled_at, or an explicit retry after it, plus grace_minutes.';
COMMENT ON COLUMN posts.at_risk_at IS 'When post.at_risk was raised because the grace is over and when_late is publish; null: it was not.';
COMMENT ON COLUMN posts.status IS 'The state, see docs/states.md: scheduled, publishing, retrying, unconfirmed, held; ended: published, failed, missed, cancelled.';
COMMENT ON COLUMN posts.held_reason IS 'Why a held post waits: its account is paused or needs_reconnect.';
COMMENT ON COLUMN posts.outcome_open IS 'True: a request left, no answer came, and repeating it is harmless. Nobody may edit or cancel the post until that is settled.';
COMMENT ON COLUMN posts.revision IS 'Rises with every accepted change of content or time. A job of another revision is stale.';
COMMENT ON COLUMN posts.accepted_at IS 'When this revision was accepted; lateness counts from here if the instant had already passed.';
COMMENT ON COLUMN posts.generation IS 'Rises with every re-entry to waiting, because BullMQ silently ignores an id it still knows.';
COMMENT ON COLUMN posts.enqueued_rev IS 'The revision for which Redis is known to have taken a job; 0: none.';
COMMENT ON COLUMN posts.attempts IS 'The number of the latest attempt.';
COMMENT ON COLUMN posts.attempts_used IS 'How many attempts of the current budget (max_attempts) are spent.';
COMMENT ON COLUMN posts.next_attempt_at IS 'When the post may be claimed: scheduled_at at first, later the time of the next attempt.';
COMMENT ON COLUMN posts.first_sent_at IS 'When the first attempt of this content reached sending; a platform''s idempotency key lives from here.';
COMMENT ON COLUMN posts.claim_token IS 'Fences the running attempt: only its holder may record an outcome.';
COMMENT ON COLUMN posts.lease_until IS 'Until when the worker that holds the post is believed alive.';
COMMENT ON COLUMN posts.checkpoint IS 'What preparing this revision left at the platform, such as an upload''s id; an edit discards it.';
COMMENT ON COLUMN posts.unconfirmed_at IS 'When the post became unconfirmed; null: it never was.';
COMMENT ON COLUMN posts.confirm_at IS 'When the platform is read next to find out; null: it will not be, a person decides.';
COMMENT ON COLUMN posts.confirm_count IS 'How often the platform was read in vain.';
COMMENT ON COLUMN posts.published_at IS 'When the successful answer was recorded.';
COMMENT ON COLUMN posts.lateness_ms IS 'Start of the successful send minus the later of scheduled_at and accepted_at, in milliseconds.';
COMMENT ON COLUMN posts.failed_at IS 'When the failure described beside it happened.';
COMMENT ON COLUMN posts.request_id IS 'The API request that last accepted a revision, so that logs lead from it to the delivery.';
COMMENT ON COLUMN posts.created_at IS 'When the post was accepted.';
COMMENT ON COLUMN posts.updated_at IS 'When the row last changed.';

CREATE INDEX posts_company_id_id_idx ON posts (company_id, id);
CREATE INDEX posts_social_account_id_id_idx ON posts (social_account_id, id);
CREATE INDEX posts_company_id_group_id_idx ON posts (company_id, group_id) WHERE group_id IS NOT NULL;
-- Whose a post on a platform is.
CREATE INDEX posts_external_id_idx ON posts (external_id) WHERE external_id IS NOT NULL;
-- The stager: waiting rows for which no job is known.
CREATE INDEX posts_unenqueued_idx ON posts (next_attempt_at) WHERE enqueued_rev < revision AND status IN ('scheduled', 'retrying');
-- Who is due, and the rebuilder in due order.
CREATE INDEX posts_waiting_idx ON posts (platform, next_attempt_at, id) WHERE status IN ('scheduled', 'retrying');
-- The rescuer: leases that ran out.
CREATE INDEX posts_lease_idx ON posts (lease_until) WHERE status = 'publishing';
-- The confirmer: lost answers to look up.
CREATE INDEX posts_confirm_idx ON posts (confirm_at) WHERE status = 'unconfirmed';
-- The stager's other duty: posts whose grace is over.
CREATE INDEX posts_late_idx ON posts (late_at) WHERE status IN ('scheduled', 'retrying', 'held') AND at_risk_at IS NULL AND NOT outcome_open;

CREATE TABLE attempts (
  post_id      uuid NOT NULL REFERENCES posts (id),
  number       integer NOT NULL CHECK (number >= 1),
  revision     integer NOT NULL,
  claim_token  uuid NOT NULL,
  worker       text NOT NULL,
  phase        text NOT NULL CHECK (phase IN ('preparing', 'sending')),
  outcome      text CHECK (outcome IN ('published', 'retry', 'wait', 'reconnect', 'rejected', 'unknown', 'released', 'abandoned', 'doubled')),
  category     text CHECK (category IN ('network', 'platform', 'rate_limited', 'auth', 'permission', 'rejected', 'duplicate', 'unknown_outcome', 'internal')),
  code         text,
  message      text,
  http_status  integer,
  external_id  text,
  external_url text,
  started_at   timestamptz(3) NOT NULL,
  sent_at      timestamptz(3),
  ended_at     timestamptz(3),
  PRIMARY KEY (post_id, number),
  CONSTRAINT attempts_sent_check CHECK ((phase = 'sending') = (sent_at IS NOT NULL)),
  CONSTRAINT attempts_ended_check CHECK ((outcome IS NULL) = (ended_at IS NULL))
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE attempts IS 'Every try to publish, also those whose worker died.';
COMMENT ON COLUMN attempts.phase IS 'preparing: nothing irreversible was done; sending: committed before the irreversible call.';
COMMENT ON COLUMN attempts.outcome IS 'How it ended; null: it runs. released: put back at shutdown; abandoned: its worker died before sending; doubled: a second success of the same post.';
COMMENT ON COLUMN attempts.message IS 'What the platform said, cleaned of secrets and of the post''s own text.';
COMMENT ON COLUMN attempts.http_status IS 'The HTTP status the platform answered with; null: no answer.';
COMMENT ON COLUMN attempts.started_at IS 'When the worker claimed the post.';
COMMENT ON COLUMN attempts.sent_at IS 'When the attempt entered sending.';
COMMENT ON COLUMN attempts.ended_at IS 'When the outcome was recorded.';

CREATE TABLE events (
  sequence          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transaction_id    xid8 NOT NULL DEFAULT pg_current_xact_id(),
  company_id        uuid NOT NULL REFERENCES companies (id),
  post_id           uuid,
  social_account_id uuid,
  type              text NOT NULL,
  data              jsonb NOT NULL DEFAULT '{}',
  request_id        text,
  created_at        timestamptz(3) NOT NULL DEFAULT app_now()
);
COMMENT ON TABLE events IS 'What happened, written in the transaction of the change. Data holds states and reasons, never texts or secrets.';
COMMENT ON COLUMN events.transaction_id IS 'With sequence, the position: a reader may pass only what no running transaction can still overtake.';
COMMENT ON COLUMN events.created_at IS 'When it happened.';
CREATE INDEX events_post_id_idx ON events (post_id, sequence) WHERE post_id IS NOT NULL;
CREATE INDEX events_company_id_idx ON events (company_id, transaction_id, sequence);

CREATE TABLE idempotency_records (
  company_id   uuid NOT NULL REFERENCES companies (id),
  path         text NOT NULL,
  key          text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
  request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
  post_ids     uuid[] NOT NULL,
  status_code  integer NOT NULL CHECK (status_code BETWEEN 200 AND 299),
  location     text,
  response     text NOT NULL,
  created_at   timestamptz(3) NOT NULL,
  PRIMARY KEY (company_id, path, key)
);
COMMENT ON TABLE idempotency_records IS 'First answers by Idempotency-Key; committed in one transaction with the posts they answer for.';
COMMENT ON COLUMN idempotency_records.request_hash IS 'SHA-256 of the request body as canonical JSON.';
COMMENT ON COLUMN idempotency_records.response IS 'The first answer, byte for byte. It holds what the caller may read anyway.';
COMMENT ON COLUMN idempotency_records.created_at IS 'When the key was first used.';
CREATE INDEX idempotency_records_created_at_idx ON idempotency_records (created_at);

CREATE TABLE queue_epochs (
  queue      text PRIMARY KEY,
  epoch      text NOT NULL,
  updated_at timestamptz(3) NOT NULL DEFAULT app_now()
);
COMMENT ON TABLE queue_epochs IS 'The mark each queue carries in Redis. If it is gone or another there, the jobs are gone too and are put back.';
COMMENT ON COLUMN queue_epochs.updated_at IS 'When the queue was last put back.';

CREATE TABLE maintenance_leases (
  name   text PRIMARY KEY,
  holder text NOT NULL,
  until  timestamptz(3) NOT NULL
);
COMMENT ON TABLE maintenance_leases IS 'Work that one process at a time should do. A lease saves effort; safety never rests on it.';
COMMENT ON COLUMN maintenance_leases.until IS 'Until when the holder has it.';
