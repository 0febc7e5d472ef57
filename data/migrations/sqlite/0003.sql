-- SPDX-License-Identifier: Apache-2.0
-- What a bill is built on: readings that are held out and what was decided about them, rollups, what stands behind a day, closed periods
-- and their statements. Columns that are added have constants as defaults, so nothing that grows is rewritten; the index below is over
-- one row per resource.

ALTER TABLE resource_state ADD COLUMN rolled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource_state ADD COLUMN reached INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource_state ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource_state ADD COLUMN decided INTEGER NOT NULL DEFAULT 0;

-- Each reading of usage asks for `rolled` of many resources, whose rows are long: their states are in them.
CREATE INDEX resource_rolled ON resource_state (source, resource, rolled, first_grain, last_grain);

-- All that was appended before it is stored (NULL: nobody knows).
ALTER TABLE offsets ADD COLUMN reached INTEGER;

ALTER TABLE request ADD COLUMN target TEXT;

-- Readings that the fold did not count. Values are decimal text with the name of their type beside them; amounts are of 128 bits.
CREATE TABLE held (
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  agent TEXT NOT NULL,
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL CHECK (seq > 0),
  device TEXT NOT NULL,
  meter TEXT NOT NULL,
  sample_epoch TEXT NOT NULL,
  unit TEXT NOT NULL,
  type TEXT NOT NULL,
  time INTEGER NOT NULL,
  flag INTEGER NOT NULL,
  value TEXT NOT NULL,
  value_type TEXT NOT NULL,
  base_time INTEGER,
  base TEXT NOT NULL,
  base_type TEXT NOT NULL,
  amount TEXT NOT NULL,
  decision INTEGER NOT NULL,
  PRIMARY KEY (source, resource, agent, epoch, seq, device, meter, sample_epoch)
) STRICT, WITHOUT ROWID;

-- What people decided about single readings: 1 release, 2 reject, 3 rebase. Append-only.
CREATE TABLE decision (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  agent TEXT NOT NULL,
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL CHECK (seq > 0),
  device TEXT NOT NULL,
  meter TEXT NOT NULL,
  sample_epoch TEXT NOT NULL,
  decision INTEGER NOT NULL CHECK (decision BETWEEN 1 AND 3),
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  made INTEGER NOT NULL
) STRICT;

CREATE INDEX decision_resource ON decision (source, resource);

-- What holds for all records from a time on. Append-only; the latest of one "from" stands.
CREATE TABLE policy (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  "from" INTEGER NOT NULL,
  hold INTEGER NOT NULL,
  network_limit INTEGER NOT NULL CHECK (network_limit >= 0),
  author TEXT NOT NULL,
  made INTEGER NOT NULL
) STRICT;

-- Usage of a day (step 1) or month (step 2) of UTC. As of buckets, the rows follow each other as they are made, and the indices lead with
-- time; one is for a resource, the other for a project.
CREATE TABLE rollup (
  step INTEGER NOT NULL CHECK (step IN (1, 2)),
  grain INTEGER NOT NULL,
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  project TEXT NOT NULL,
  user TEXT NOT NULL,
  flavor TEXT NOT NULL,
  state INTEGER NOT NULL,
  cells TEXT NOT NULL,
  PRIMARY KEY (step, grain, source, resource, project, user, flavor, state)
) STRICT;

CREATE INDEX rollup_project ON rollup (step, grain, project);

-- The Merkle root over the raw rows of one resource's day.
CREATE TABLE evidence (
  day INTEGER NOT NULL,
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  records INTEGER NOT NULL CHECK (records >= 0),
  root TEXT NOT NULL,
  PRIMARY KEY (day, source, resource)
) STRICT, WITHOUT ROWID;

-- Periods that were closed.
CREATE TABLE period (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  zone TEXT NOT NULL,
  "from" INTEGER NOT NULL,
  "to" INTEGER NOT NULL CHECK ("to" > "from"),
  closed INTEGER NOT NULL,
  author TEXT NOT NULL,
  accepted TEXT,
  touched INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX period_span ON period ("from", "to", zone);

-- What was said once. Never changed, never removed.
CREATE TABLE statement (
  number INTEGER PRIMARY KEY CHECK (number > 0),
  period INTEGER NOT NULL,
  corrects INTEGER NOT NULL,
  made INTEGER NOT NULL,
  author TEXT NOT NULL,
  lines INTEGER NOT NULL CHECK (lines >= 0),
  sha256 TEXT NOT NULL,
  records INTEGER NOT NULL CHECK (records >= 0),
  root TEXT NOT NULL,
  missing TEXT
) STRICT;

-- Quantities and covered times are integers of 128 bits, as text. A gauge's quantity is in unit·ns.
CREATE TABLE statement_line (
  number INTEGER NOT NULL,
  line INTEGER NOT NULL CHECK (line > 0),
  source TEXT NOT NULL,
  project TEXT NOT NULL,
  user TEXT NOT NULL,
  resource TEXT NOT NULL,
  device TEXT NOT NULL,
  meter TEXT NOT NULL,
  unit TEXT NOT NULL,
  type TEXT NOT NULL,
  quantity TEXT NOT NULL,
  covered_ns TEXT NOT NULL,
  flags INTEGER NOT NULL,
  adjustment INTEGER NOT NULL,
  PRIMARY KEY (number, line)
) STRICT, WITHOUT ROWID;

-- What somebody adds to a bill or takes from it (statement 0: no statement has it yet).
CREATE TABLE adjustment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  project TEXT NOT NULL,
  user TEXT NOT NULL,
  resource TEXT NOT NULL,
  device TEXT NOT NULL,
  meter TEXT NOT NULL,
  unit TEXT NOT NULL,
  type TEXT NOT NULL,
  quantity TEXT NOT NULL,
  reason TEXT NOT NULL,
  author TEXT NOT NULL,
  made INTEGER NOT NULL,
  statement INTEGER NOT NULL
) STRICT;
