-- SPDX-License-Identifier: Apache-2.0
-- What stood behind a day when a statement was made, although it has changed since: docs/audit.md. A row of evidence is seen by the statements
-- after "since"; one that a statement has seen is kept when it is replaced or removed, and was last seen by statement "until". Of a day of which
-- no period is closed nothing is kept, nor of what has never changed: that is in evidence alone.
ALTER TABLE evidence ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

CREATE TABLE evidence_was (
  day INTEGER NOT NULL,
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  until INTEGER NOT NULL,
  since INTEGER NOT NULL CHECK (since < until),
  records INTEGER NOT NULL CHECK (records >= 0),
  root TEXT NOT NULL,
  PRIMARY KEY (day, source, resource, until)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER evidence_replaced BEFORE UPDATE ON evidence
WHEN old.since < (SELECT max (number) FROM statement) AND old.day < (SELECT max ("to") FROM period)
BEGIN
  INSERT INTO evidence_was VALUES (old.day, old.source, old.resource, (SELECT max (number) FROM statement), old.since, old.records, old.root);
END;

CREATE TRIGGER evidence_removed BEFORE DELETE ON evidence
WHEN old.since < (SELECT max (number) FROM statement) AND old.day < (SELECT max ("to") FROM period)
BEGIN
  INSERT INTO evidence_was VALUES (old.day, old.source, old.resource, (SELECT max (number) FROM statement), old.since, old.records, old.root);
END;
