-- SPDX-License-Identifier: Apache-2.0
-- What is left of a description without the names in it: folding again reads that, and "value" is empty then (docs/audit.md). NULL: nothing was erased.
ALTER TABLE description ADD COLUMN redacted bytea;

-- Whose names were erased, when, by whom and why. project and user: of those records alone that say so. Only ever added to.
CREATE TABLE erasure (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text COLLATE "C" NOT NULL,
  resource text COLLATE "C" NOT NULL,
  project text COLLATE "C",
  "user" text COLLATE "C",
  records bigint NOT NULL CHECK (records >= 0),
  author text NOT NULL,
  reason text NOT NULL,
  made bigint NOT NULL
);

-- A collector of schema 3 would take what is empty for the record.
CREATE OR REPLACE FUNCTION check_writer () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting ('search_path') = 'hypermeter, pg_catalog, pg_temp'
     AND coalesce (nullif (current_setting ('hypermeter.schema', true), ''), '0')::bigint < 4 THEN
    RAISE EXCEPTION 'the store has schema 4, and this collector is of an older version' USING ERRCODE = 'feature_not_supported';
  END IF;
  RETURN NULL;
END
$$;
