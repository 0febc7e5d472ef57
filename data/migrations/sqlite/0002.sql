-- SPDX-License-Identifier: Apache-2.0
-- What the complete collector keeps: which records were verified, what becomes of dead letters, which bins came whole, what was
-- lost, what is asked of it. Nothing here rewrites a table that grows: a column that is added with a constant costs the same
-- however many rows there are, so a large store is brought up to date in a moment, and with no room to spare.

ALTER TABLE raw ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;

-- Raw rows of grains before "edge" may be gone; folding again then begins with the checkpoint.
ALTER TABLE resource_state ADD COLUMN edge INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource_state ADD COLUMN checkpoint TEXT;

-- Evidence stays when it is settled (0: it is not), until retention takes it. source, agent, epoch: whose it was counted as when it
-- was refused (NULL: nobody's); bin and sum: what it was counted as in that table (NULL: not there).
ALTER TABLE dead_letter ADD COLUMN appended INTEGER;
ALTER TABLE dead_letter ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letter ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letter ADD COLUMN outcome TEXT;
ALTER TABLE dead_letter ADD COLUMN headers_lost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letter ADD COLUMN source TEXT;
ALTER TABLE dead_letter ADD COLUMN agent TEXT;
ALTER TABLE dead_letter ADD COLUMN epoch TEXT;
ALTER TABLE dead_letter ADD COLUMN bin INTEGER;
ALTER TABLE dead_letter ADD COLUMN sum INTEGER;

CREATE INDEX dead_letter_settled ON dead_letter (settled);

-- The heartbeat's words are those of the latest one (0: there was none). When an agent that is known already was first heard of is
-- not: the earliest time that is known of it is the latest.
ALTER TABLE agent ADD COLUMN first_time INTEGER;
ALTER TABLE agent ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agent ADD COLUMN heartbeat INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agent ADD COLUMN backlog INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agent ADD COLUMN oldest_unsent INTEGER NOT NULL DEFAULT 0;

UPDATE agent SET first_time = last_time;

-- The same table with the columns of its key in front: SQLite 3.40, asked whether the file is sound, says of the other order that a
-- value is missing where none is. There are few such rows.
ALTER TABLE bus_gap RENAME TO bus_gap_before;

CREATE TABLE bus_gap (
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  "from" INTEGER NOT NULL CHECK ("from" >= 0),
  noticed INTEGER NOT NULL,
  "to" INTEGER NOT NULL CHECK ("to" > "from"),
  PRIMARY KEY (topic, partition, "from", noticed)
) STRICT, WITHOUT ROWID;

INSERT INTO bus_gap (topic, partition, "from", noticed, "to")
  SELECT topic, partition, "from", noticed, "to" FROM bus_gap_before;

DROP TABLE bus_gap_before;

-- What came of each bin of an agent process. Sums of hashes are kept as their upper and lower 32 bits, each added up by itself:
-- the sum is (high << 32) + low modulo 2^64. Bin -2^63: refused records that do not say theirs.
CREATE TABLE bin (
  bin INTEGER NOT NULL,
  source TEXT NOT NULL,
  agent TEXT NOT NULL,
  epoch TEXT NOT NULL,
  records INTEGER NOT NULL,
  sum_high INTEGER NOT NULL,
  sum_low INTEGER NOT NULL,
  refused_records INTEGER NOT NULL,
  refused_high INTEGER NOT NULL,
  refused_low INTEGER NOT NULL,
  late INTEGER NOT NULL,
  PRIMARY KEY (bin, source, agent, epoch)
) STRICT, WITHOUT ROWID;

-- What was made in a bin, by the first heartbeat that said it.
CREATE TABLE bin_closed (
  bin INTEGER NOT NULL,
  source TEXT NOT NULL,
  agent TEXT NOT NULL,
  epoch TEXT NOT NULL,
  records INTEGER NOT NULL CHECK (records >= 0),
  sum_high INTEGER NOT NULL,
  sum_low INTEGER NOT NULL,
  said INTEGER NOT NULL,
  PRIMARY KEY (bin, source, agent, epoch)
) STRICT, WITHOUT ROWID;

-- What gap records say is lost. NULL: it does not say when.
CREATE TABLE loss (
  source TEXT NOT NULL,
  agent TEXT NOT NULL,
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL CHECK (seq > 0),
  "from" INTEGER,
  "to" INTEGER,
  records INTEGER NOT NULL CHECK (records >= 0),
  resources INTEGER NOT NULL CHECK (resources >= 0),
  reason TEXT NOT NULL,
  appended INTEGER NOT NULL,
  PRIMARY KEY (source, agent, epoch, seq)
) STRICT, WITHOUT ROWID;

-- What somebody has to look at, said once.
CREATE TABLE anomaly (
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  noticed INTEGER NOT NULL,
  PRIMARY KEY (kind, source, subject, detail)
) STRICT, WITHOUT ROWID;

-- Messages without sequence number, known again by their own id as long as they are kept here.
CREATE TABLE message (
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_time ON message (time);

-- What people ask of the collector (done 0: not answered yet). An id is never given twice.
CREATE TABLE request (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  action TEXT NOT NULL,
  subject INTEGER NOT NULL,
  author TEXT NOT NULL,
  reason TEXT,
  asked INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  result TEXT
) STRICT;

CREATE INDEX request_open ON request (id) WHERE done = 0;

-- Who may do what only one may; the token rises with each new holder.
CREATE TABLE lease (
  name TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  until INTEGER NOT NULL,
  token INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
