-- An operator has one account reconnected: the log-in must be that account's.
ALTER TABLE connections ADD COLUMN social_account_id uuid;
ALTER TABLE connections ADD CONSTRAINT connections_company_id_social_account_id_fkey
  FOREIGN KEY (company_id, social_account_id) REFERENCES social_accounts (company_id, id);
COMMENT ON COLUMN connections.social_account_id IS 'The only account it may reconnect; null: whichever the user chooses is created or reconnected.';
