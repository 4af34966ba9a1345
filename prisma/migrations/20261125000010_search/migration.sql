-- What operators search posts of all companies by, where nothing else narrows it down.
CREATE INDEX posts_scheduled_at_idx ON posts (scheduled_at);
CREATE INDEX posts_failure_category_idx ON posts (failure_category, id) WHERE failure_category IS NOT NULL;
