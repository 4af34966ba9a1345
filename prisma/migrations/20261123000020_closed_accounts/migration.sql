-- An account's waiting posts, to hold them without reading its history, and the few accounts that may not publish.
CREATE INDEX posts_account_waiting_idx ON posts (social_account_id) WHERE status IN ('scheduled', 'retrying');
CREATE INDEX social_accounts_closed_idx ON social_accounts (id) WHERE paused OR status = 'needs_reconnect';
