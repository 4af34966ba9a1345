-- A held post whose outcome is open goes back to scheduled like any other when its account opens again.
ALTER TABLE posts DROP CONSTRAINT posts_outcome_open_check;
ALTER TABLE posts ADD CONSTRAINT posts_outcome_open_check
  CHECK (NOT outcome_open OR status IN ('scheduled', 'publishing', 'retrying', 'held'));

-- The held posts of an account, in the order they are released.
CREATE INDEX posts_held_idx ON posts (social_account_id, next_attempt_at, id) WHERE status = 'held';
