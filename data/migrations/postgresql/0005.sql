-- SPDX-License-Identifier: Apache-2.0
-- The name that somebody has given an adjustment, so that what is asked for twice is counted once.
ALTER TABLE adjustment ADD COLUMN key text COLLATE "C" CHECK (key <> '');

CREATE UNIQUE INDEX adjustment_key ON adjustment (key) WHERE key IS NOT NULL;

-- A collector of an older version that is still running would add an adjustment without its name. As check_writer (), which says nothing of
-- those that know schema 3.
CREATE FUNCTION check_adjuster () RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  newest bigint := (SELECT max (version) FROM hypermeter.migration);
BEGIN
  IF current_setting ('search_path') = 'hypermeter, pg_catalog, pg_temp'
     AND coalesce (nullif (current_setting ('hypermeter.schema', true), ''), '0')::bigint < newest THEN
    RAISE EXCEPTION 'the store has schema %, and this collector is of an older version', newest USING ERRCODE = 'feature_not_supported';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER check_adjuster BEFORE INSERT ON adjustment FOR EACH STATEMENT EXECUTE FUNCTION check_adjuster ();
