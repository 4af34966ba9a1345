-- What fell due while it was held goes out at a pace, in however many goes it is let go.
ALTER TABLE social_accounts ADD COLUMN release_until timestamptz(3);
COMMENT ON COLUMN social_accounts.release_until IS 'Until when released posts of it were spread: what is released next goes behind them.';
