-- Connecting accounts through the platforms' own log-ins.

ALTER TABLE companies ADD COLUMN return_origins text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN companies.return_origins IS 'Origins of the company''s own applications: people are sent back there after connecting an account, and nowhere else.';

CREATE TABLE connections (
  id                 uuid PRIMARY KEY,
  company_id         uuid NOT NULL REFERENCES companies (id),
  client_id          uuid,
  platform           text NOT NULL,
  sandbox            boolean NOT NULL,
  base_url           text NOT NULL,
  return_url         text NOT NULL CHECK (char_length(return_url) BETWEEN 1 AND 2048),
  ticket_hash        bytea NOT NULL CHECK (octet_length(ticket_hash) = 32),
  browser_hash       bytea CHECK (octet_length(browser_hash) = 32),
  state_hash         bytea CHECK (octet_length(state_hash) = 32),
  secrets            text,
  status             text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'away', 'choosing', 'connecting', 'connected', 'cancelled', 'failed')),
  tries              integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
  message            text,
  social_account_ids uuid[] NOT NULL DEFAULT '{}',
  created_at         timestamptz(3) NOT NULL DEFAULT app_now(),
  updated_at         timestamptz(3) NOT NULL DEFAULT app_now(),
  expires_at         timestamptz(3) NOT NULL,
  CONSTRAINT connections_ticket_hash_key UNIQUE (ticket_hash),
  CONSTRAINT connections_state_hash_key UNIQUE (state_hash),
  CONSTRAINT connections_company_id_client_id_fkey FOREIGN KEY (company_id, client_id) REFERENCES clients (company_id, id),
  CONSTRAINT connections_state_check CHECK (state_hash IS NULL OR status = 'away'),
  CONSTRAINT connections_browser_check CHECK (browser_hash IS NOT NULL OR status IN ('open', 'cancelled', 'failed')),
  CONSTRAINT connections_secrets_check CHECK (secrets IS NULL OR status IN ('away', 'choosing', 'connecting'))
);
COMMENT ON TABLE connections IS 'Somebody connecting an account by logging in at its platform. Lives ten minutes; forgotten a day later.';
COMMENT ON COLUMN connections.sandbox IS 'True: the log-in is that of the sandbox, and so is the account.';
COMMENT ON COLUMN connections.base_url IS 'Where our own pages are reached in it.';
COMMENT ON COLUMN connections.return_url IS 'Where the browser goes in the end; of one of the company''s return_origins.';
COMMENT ON COLUMN connections.ticket_hash IS 'SHA-256 of what is in the link that opens it.';
COMMENT ON COLUMN connections.browser_hash IS 'SHA-256 of the cookie of the browser that went on with it: no other may; null: none did yet.';
COMMENT ON COLUMN connections.state_hash IS 'SHA-256 of the OAuth state that is out; gone once it came back.';
COMMENT ON COLUMN connections.secrets IS 'AES-256-GCM under ENCRYPTION_KEYS, bound to the id: what the log-in needs on its way back, then the accounts to choose from.';
COMMENT ON COLUMN connections.status IS 'open: our page asks; away: the browser is at the platform; choosing: the user chooses among accounts; connecting: these are being stored; connected, cancelled, failed: ended.';
COMMENT ON COLUMN connections.tries IS 'How often the user went on from our first page.';
COMMENT ON COLUMN connections.message IS 'Why it failed, for people.';
COMMENT ON COLUMN connections.social_account_ids IS 'The accounts that were created or reconnected.';
COMMENT ON COLUMN connections.created_at IS 'When the link was made.';
COMMENT ON COLUMN connections.updated_at IS 'When the status last changed.';
COMMENT ON COLUMN connections.expires_at IS 'From when on it can no longer be gone on with.';
CREATE INDEX connections_company_id_id_idx ON connections (company_id, id);
CREATE INDEX connections_expires_at_idx ON connections (expires_at);

CREATE TABLE platform_registrations (
  id           uuid PRIMARY KEY,
  platform     text NOT NULL,
  server       text NOT NULL CHECK (char_length(server) BETWEEN 1 AND 4096),
  registration text NOT NULL,
  created_at   timestamptz(3) NOT NULL DEFAULT app_now(),
  CONSTRAINT platform_registrations_platform_server_key UNIQUE (platform, server)
);
COMMENT ON TABLE platform_registrations IS 'Our registrations at servers of platforms that have no one place to register at. Can be lost: they are made anew.';
COMMENT ON COLUMN platform_registrations.server IS 'What the registration is good for, in the platform''s own words.';
COMMENT ON COLUMN platform_registrations.registration IS 'AES-256-GCM under ENCRYPTION_KEYS, bound to the row''s id.';
COMMENT ON COLUMN platform_registrations.created_at IS 'When we registered.';
