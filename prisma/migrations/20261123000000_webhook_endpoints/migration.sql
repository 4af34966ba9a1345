-- Events on their way out: read in the order of their positions, and brought to the clients' own servers.

-- Readers of all companies' events: the stream and the fan-out. The page of one company has its own index.
CREATE INDEX events_position_idx ON events (transaction_id, sequence);

CREATE TABLE event_cursors (
  name           text PRIMARY KEY,
  transaction_id xid8 NOT NULL,
  sequence       bigint NOT NULL,
  updated_at     timestamptz(3) NOT NULL DEFAULT app_now()
);
COMMENT ON TABLE event_cursors IS 'How far each reader that all processes share has come. Moved by naming the position it was at.';
COMMENT ON COLUMN event_cursors.updated_at IS 'When the reader last moved on.';

CREATE TABLE event_horizons (
  company_id     uuid PRIMARY KEY REFERENCES companies (id),
  transaction_id xid8 NOT NULL,
  sequence       bigint NOT NULL,
  updated_at     timestamptz(3) NOT NULL DEFAULT app_now()
);
COMMENT ON TABLE event_horizons IS 'The last position of each company''s events that are forgotten: a cursor before it has missed something.';
COMMENT ON COLUMN event_horizons.updated_at IS 'When events of the company were last forgotten.';

CREATE TABLE webhook_endpoints (
  id                    uuid PRIMARY KEY,
  company_id            uuid NOT NULL REFERENCES companies (id),
  url                   text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2048),
  description           text CHECK (char_length(description) BETWEEN 1 AND 200),
  event_types           text[] NOT NULL DEFAULT '{}',
  secret                text NOT NULL,
  previous_secret       text,
  previous_secret_until timestamptz(3),
  status                text NOT NULL DEFAULT 'enabled' CHECK (status IN ('enabled', 'disabled', 'deleted')),
  disabled_reason       text CHECK (disabled_reason IN ('requested', 'gone', 'failing')),
  disabled_at           timestamptz(3),
  failing_since         timestamptz(3),
  last_failure_at       timestamptz(3),
  created_at            timestamptz(3) NOT NULL DEFAULT app_now(),
  updated_at            timestamptz(3) NOT NULL DEFAULT app_now(),
  CONSTRAINT webhook_endpoints_company_id_id_key UNIQUE (company_id, id),
  CONSTRAINT webhook_endpoints_previous_secret_check CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL)),
  CONSTRAINT webhook_endpoints_disabled_check CHECK ((status = 'disabled') = (disabled_reason IS NOT NULL) AND (status = 'disabled') = (disabled_at IS NOT NULL))
);
COMMENT ON TABLE webhook_endpoints IS 'Where a company wants its events delivered.';
COMMENT ON COLUMN webhook_endpoints.event_types IS 'The types that are delivered; empty: all.';
COMMENT ON COLUMN webhook_endpoints.secret IS 'AES-256-GCM under ENCRYPTION_KEYS, bound to the endpoint''s id. Signs deliveries.';
COMMENT ON COLUMN webhook_endpoints.previous_secret IS 'The one before the last rotation, sealed alike; signs beside the new one until previous_secret_until.';
COMMENT ON COLUMN webhook_endpoints.previous_secret_until IS 'Until when the secret before the last rotation still signs.';
COMMENT ON COLUMN webhook_endpoints.status IS 'enabled: gets deliveries; disabled: see disabled_reason, until somebody enables it; deleted: gone for clients, kept until its deliveries are.';
COMMENT ON COLUMN webhook_endpoints.disabled_reason IS 'requested: by the client; gone: it answered 410; failing: it took nothing for days.';
COMMENT ON COLUMN webhook_endpoints.disabled_at IS 'When it was disabled.';
COMMENT ON COLUMN webhook_endpoints.failing_since IS 'Since when every delivery failed; null: the last one did not.';
COMMENT ON COLUMN webhook_endpoints.last_failure_at IS 'When a delivery last failed; a long silence since then starts the count of days anew.';
COMMENT ON COLUMN webhook_endpoints.created_at IS 'When it was created; it gets events from then on.';
COMMENT ON COLUMN webhook_endpoints.updated_at IS 'When the client last changed it, or it was disabled.';

CREATE TABLE webhook_deliveries (
  id              uuid PRIMARY KEY,
  company_id      uuid NOT NULL,
  endpoint_id     uuid NOT NULL,
  event_sequence  bigint NOT NULL REFERENCES events (sequence) ON DELETE CASCADE,
  status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivering', 'delivered', 'failed')),
  round           integer NOT NULL DEFAULT 1 CHECK (round >= 1),
  generation      integer NOT NULL DEFAULT 0 CHECK (generation >= 0),
  enqueued_round  integer NOT NULL DEFAULT 0,
  attempts        integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  attempts_used   integer NOT NULL DEFAULT 0 CHECK (attempts_used >= 0),
  next_attempt_at timestamptz(3) NOT NULL DEFAULT app_now(),
  claim_token     uuid,
  claimed_by      text,
  lease_until     timestamptz(3),
  failure_code    text,
  failure_message text,
  ended_at        timestamptz(3),
  created_at      timestamptz(3) NOT NULL DEFAULT app_now(),
  updated_at      timestamptz(3) NOT NULL DEFAULT app_now(),
  CONSTRAINT webhook_deliveries_company_id_endpoint_id_fkey FOREIGN KEY (company_id, endpoint_id) REFERENCES webhook_endpoints (company_id, id),
  CONSTRAINT webhook_deliveries_event_sequence_endpoint_id_key UNIQUE (event_sequence, endpoint_id),
  CONSTRAINT webhook_deliveries_lease_check CHECK ((status = 'delivering') = (claim_token IS NOT NULL AND lease_until IS NOT NULL AND claimed_by IS NOT NULL)),
  CONSTRAINT webhook_deliveries_ended_check CHECK ((status IN ('delivered', 'failed')) = (ended_at IS NOT NULL)),
  CONSTRAINT webhook_deliveries_enqueued_check CHECK (enqueued_round <= round)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE webhook_deliveries IS 'One event for one endpoint. The row is also the outbox: a pending row with enqueued_round < round needs a job. Forgotten with its event.';
COMMENT ON COLUMN webhook_deliveries.status IS 'pending: waits for next_attempt_at; delivering: a worker holds it under a lease; delivered: the endpoint answered 2xx; failed: given up, a replay starts anew.';
COMMENT ON COLUMN webhook_deliveries.round IS 'Rises with every replay. A job of another round is stale.';
COMMENT ON COLUMN webhook_deliveries.generation IS 'Rises with every re-entry to waiting, because BullMQ silently ignores an id it still knows.';
COMMENT ON COLUMN webhook_deliveries.enqueued_round IS 'The round for which Redis is known to have taken a job; 0: none.';
COMMENT ON COLUMN webhook_deliveries.attempts IS 'The number of the latest attempt.';
COMMENT ON COLUMN webhook_deliveries.attempts_used IS 'How many attempts of the current round are spent.';
COMMENT ON COLUMN webhook_deliveries.next_attempt_at IS 'When the delivery may be claimed.';
COMMENT ON COLUMN webhook_deliveries.claim_token IS 'Fences the running attempt: only its holder may record an outcome.';
COMMENT ON COLUMN webhook_deliveries.lease_until IS 'Until when the worker that holds the delivery is believed alive.';
COMMENT ON COLUMN webhook_deliveries.failure_code IS 'Why the latest attempt failed, for programs; null: it did not, or there was none.';
COMMENT ON COLUMN webhook_deliveries.ended_at IS 'When it was delivered or given up.';
COMMENT ON COLUMN webhook_deliveries.created_at IS 'When the event was handed to the endpoint.';
COMMENT ON COLUMN webhook_deliveries.updated_at IS 'When the row last changed.';
CREATE INDEX webhook_deliveries_endpoint_id_id_idx ON webhook_deliveries (endpoint_id, id);
-- The stager: pending rows for which no job is known.
CREATE INDEX webhook_deliveries_unenqueued_idx ON webhook_deliveries (next_attempt_at) WHERE enqueued_round < round AND status = 'pending';
-- Who is due, and the rebuilder in due order.
CREATE INDEX webhook_deliveries_waiting_idx ON webhook_deliveries (next_attempt_at, id) WHERE status = 'pending';
-- Leases that ran out.
CREATE INDEX webhook_deliveries_lease_idx ON webhook_deliveries (lease_until) WHERE status = 'delivering';
-- How many an endpoint has running, and what ends when it is closed.
CREATE INDEX webhook_deliveries_open_idx ON webhook_deliveries (endpoint_id, status) WHERE status IN ('pending', 'delivering');

CREATE TABLE webhook_attempts (
  delivery_id uuid NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
  number      integer NOT NULL CHECK (number >= 1),
  claim_token uuid NOT NULL,
  worker      text NOT NULL,
  outcome     text CHECK (outcome IN ('delivered', 'failed', 'abandoned')),
  http_status integer,
  code        text,
  message     text,
  started_at  timestamptz(3) NOT NULL,
  ended_at    timestamptz(3),
  PRIMARY KEY (delivery_id, number),
  CONSTRAINT webhook_attempts_ended_check CHECK ((outcome IS NULL) = (ended_at IS NULL))
);
COMMENT ON TABLE webhook_attempts IS 'Every try to deliver an event, also those whose worker died.';
COMMENT ON COLUMN webhook_attempts.outcome IS 'How it ended; null: it runs. abandoned: its worker died or was stopped before the answer was recorded.';
COMMENT ON COLUMN webhook_attempts.http_status IS 'The HTTP status the endpoint answered with; null: no answer.';
COMMENT ON COLUMN webhook_attempts.message IS 'What went wrong, cleaned of secrets.';
COMMENT ON COLUMN webhook_attempts.started_at IS 'When the worker claimed the delivery.';
COMMENT ON COLUMN webhook_attempts.ended_at IS 'When the outcome was recorded.';
