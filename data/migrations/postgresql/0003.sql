-- SPDX-License-Identifier: Apache-2.0
-- What stood behind a day when a statement was made, although it has changed since: docs/audit.md. A row of evidence is seen by the statements
-- after "since"; one that a statement has seen is kept when it is replaced or removed, and was last seen by statement "until". Of a day of which
-- no period is closed nothing is kept, nor of what has never changed: that is in evidence alone.
ALTER TABLE evidence ADD COLUMN since bigint NOT NULL DEFAULT 0;

CREATE TABLE evidence_was (
  day bigint,
  source text COLLATE "C",
  resource text COLLATE "C",
  until bigint,
  since bigint NOT NULL CHECK (since < until),
  records bigint NOT NULL CHECK (records >= 0),
  root text NOT NULL,
  PRIMARY KEY (day, source, resource, until)
);

CREATE FUNCTION keep_evidence () RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last bigint := (SELECT max (number) FROM hypermeter.statement);
BEGIN
  IF old.since < last AND old.day < (SELECT max ("to") FROM hypermeter.period) THEN
    INSERT INTO hypermeter.evidence_was VALUES (old.day, old.source, old.resource, last, old.since, old.records, old.root);
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER evidence_changes AFTER UPDATE OR DELETE ON evidence FOR EACH ROW EXECUTE FUNCTION keep_evidence ();

-- A collector of an older version that is still running when this one brings the schema up to date goes on with SQL that knows nothing of
-- closed periods. Collectors set this search_path, and from this version on which schema they know; who does not is refused. Who writes by
-- hand is not asked.
CREATE FUNCTION check_writer () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting ('search_path') = 'hypermeter, pg_catalog, pg_temp'
     AND coalesce (nullif (current_setting ('hypermeter.schema', true), ''), '0')::bigint < 3 THEN
    RAISE EXCEPTION 'the store has schema 3, and this collector is of an older version' USING ERRCODE = 'feature_not_supported';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER check_writer BEFORE INSERT OR UPDATE ON offsets FOR EACH STATEMENT EXECUTE FUNCTION check_writer ();
CREATE TRIGGER check_writer BEFORE INSERT OR UPDATE ON resource_state FOR EACH STATEMENT EXECUTE FUNCTION check_writer ();
