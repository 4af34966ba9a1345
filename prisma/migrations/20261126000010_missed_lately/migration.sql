-- What was missed in the last day, by when that was found: after a long outage the instant itself is older.
DROP INDEX posts_missed_idx;
CREATE INDEX posts_missed_idx ON posts (updated_at) WHERE status = 'missed';
