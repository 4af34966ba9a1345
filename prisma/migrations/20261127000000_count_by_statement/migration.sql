-- Posts change many at a time now: a statement that changes a hundred leaves one line for each state they left or
-- entered instead of a hundred lines, each written by a call of its own and each to be added up and removed again.
DROP TRIGGER posts_count_change ON posts;
CREATE OR REPLACE FUNCTION note_post_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO post_count_changes (platform, from_status, to_status, amount)
  SELECT platform, CASE WHEN sum(one) < 0 THEN status END, CASE WHEN sum(one) > 0 THEN status END, abs(sum(one))
  FROM (SELECT platform, status, -1 AS one FROM before UNION ALL SELECT platform, status, 1 FROM after) AS part
  GROUP BY platform, status HAVING sum(one) <> 0;
  RETURN NULL;
END $$;
CREATE TRIGGER posts_count_change AFTER UPDATE ON posts REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION note_post_change();
