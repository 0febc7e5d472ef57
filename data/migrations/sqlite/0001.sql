-- SPDX-License-Identifier: Apache-2.0
-- The first schema of the SQLite store. docs/store.md says what each table is for and why its key is what it is.
-- Times are nanoseconds since 1970-01-01T00:00:00Z; a grain is the time at which it starts.

-- What was decided when the store was made, and holds for its life.
CREATE TABLE setting (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each partition of the bus was taken. Moved by compare-and-set at the beginning of each transaction.
CREATE TABLE offsets (
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  next INTEGER NOT NULL CHECK (next >= 0),
  committed INTEGER NOT NULL,
  PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;

-- Offsets "from" up to before "to" that the bus had dropped before anybody had read them.
CREATE TABLE bus_gap (
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  "from" INTEGER NOT NULL CHECK ("from" >= 0),
  "to" INTEGER NOT NULL CHECK ("to" > "from"),
  noticed INTEGER NOT NULL,
  PRIMARY KEY (topic, partition, "from", noticed)
) STRICT, WITHOUT ROWID;

-- Every record as it came, one row each. The bytes follow each other in the order of arrival; the key is an index
-- of its own, which leads with time so that its hot end stays in memory however large the table grows.
CREATE TABLE raw (
  grain INTEGER NOT NULL,
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  agent TEXT NOT NULL,
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL CHECK (seq > 0),
  time INTEGER NOT NULL,
  schema TEXT NOT NULL,
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  "offset" INTEGER NOT NULL,
  appended INTEGER NOT NULL,
  received INTEGER NOT NULL,
  signature TEXT,
  sha256 TEXT,
  value BLOB,
  PRIMARY KEY (grain, source, resource, agent, epoch, seq),
  CHECK ((sha256 IS NULL) <> (value IS NULL))
) STRICT;

-- The bytes of those records that describe a person's resource. They can be erased here; their hash stays above.
CREATE TABLE description (
  grain INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (grain, sha256)
) STRICT;

-- What is known of each resource: for people, and the states with which the next record is folded in.
-- first_grain and last_grain span its rows in buckets.
CREATE TABLE resource_state (
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  kind TEXT NOT NULL,
  project TEXT,
  user TEXT,
  flavor TEXT,
  name TEXT,
  project_name TEXT,
  user_name TEXT,
  state INTEGER NOT NULL,
  agent TEXT NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  first_grain INTEGER,
  last_grain INTEGER,
  version INTEGER NOT NULL,
  fold TEXT NOT NULL,
  seen TEXT NOT NULL,
  PRIMARY KEY (source, resource)
) STRICT;

-- Usage: one row per grain, resource, counter life, attribute revision and state; its cells are JSON text.
CREATE TABLE buckets (
  grain INTEGER NOT NULL,
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  agent TEXT NOT NULL,
  epoch TEXT NOT NULL,
  project TEXT NOT NULL,
  user TEXT NOT NULL,
  flavor TEXT NOT NULL,
  state INTEGER NOT NULL,
  cells TEXT NOT NULL,
  PRIMARY KEY (grain, source, resource, agent, epoch, project, user, flavor, state)
) STRICT;

-- What could not be taken, and why. No rule but the id: evidence is never refused for looking like other evidence.
CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  "offset" INTEGER NOT NULL,
  received INTEGER NOT NULL,
  key BLOB,
  ce_id TEXT,
  signature TEXT,
  value BLOB NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;

-- Each start asks whether the record before the next one is among them.
CREATE INDEX dead_letter_place ON dead_letter (topic, partition, "offset");

-- Foreign meters: one name has one type and one unit, whoever comes first.
CREATE TABLE meter (
  name TEXT NOT NULL PRIMARY KEY,
  unit TEXT NOT NULL,
  type TEXT NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who sends, and how much of it came.
CREATE TABLE agent (
  source TEXT NOT NULL,
  agent TEXT NOT NULL,
  epoch TEXT NOT NULL,
  last_time INTEGER NOT NULL,
  last_appended INTEGER NOT NULL,
  records INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  PRIMARY KEY (source, agent, epoch)
) STRICT, WITHOUT ROWID;
