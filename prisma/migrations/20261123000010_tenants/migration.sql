-- Clients and accounts that were deleted keep their rows: posts, attempts and events still name them.
ALTER TABLE clients ADD COLUMN deleted_at timestamptz(3);
COMMENT ON COLUMN clients.deleted_at IS 'When the client was deleted; null: it was not. It has no accounts then and is gone for everybody.';

ALTER TABLE social_accounts ADD COLUMN deleted_at timestamptz(3);
COMMENT ON COLUMN social_accounts.deleted_at IS 'When the account was deleted; null: it was not. Its credentials are wiped, all its posts have ended, and it is gone for everybody.';

ALTER TABLE api_keys ADD COLUMN last_used_at timestamptz(3);
COMMENT ON COLUMN api_keys.last_used_at IS 'When the key last came with a request, to about a minute; null: never.';
