-- SPDX-License-Identifier: Apache-2.0
-- What is left of a description without the names in it: folding again reads that, and "value" is empty then (docs/audit.md). NULL: nothing was erased.
ALTER TABLE description ADD COLUMN redacted BLOB;

-- Whose names were erased, when, by whom and why. project and user: of those records alone that say so. Append-only.
CREATE TABLE erasure (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  project TEXT,
  user TEXT,
  records INTEGER NOT NULL CHECK (records >= 0),
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  made INTEGER NOT NULL
) STRICT;
