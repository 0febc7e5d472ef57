-- SPDX-License-Identifier: Apache-2.0
-- The first schema of the PostgreSQL store, in the schema "hypermeter". docs/store.md says what each table is for and why its key is
-- what it is. Times are nanoseconds since 1970-01-01T00:00:00Z; a grain is the time at which it starts. Texts are compared byte by byte
-- (collation "C"), so that orders are those of every other store and no upgrade of the system's locales can spoil an index.

-- What was decided when the store was made, and holds for its life.
CREATE TABLE setting (
  name text COLLATE "C" PRIMARY KEY,
  value text NOT NULL
);

-- How far each partition of the bus was taken. Moved by compare-and-set at the beginning of each transaction. Room is left in the
-- pages, so that a new version of a row stays where the old one was.
CREATE TABLE offsets (
  topic text COLLATE "C",
  partition bigint,
  next bigint NOT NULL CHECK (next >= 0),
  committed bigint NOT NULL,
  PRIMARY KEY (topic, partition)
) WITH (fillfactor = 20);

-- Offsets "from" up to before "to" that the bus had dropped before anybody had read them.
CREATE TABLE bus_gap (
  topic text COLLATE "C",
  partition bigint,
  "from" bigint CHECK ("from" >= 0),
  "to" bigint NOT NULL CHECK ("to" > "from"),
  noticed bigint,
  PRIMARY KEY (topic, partition, "from", noticed)
);

-- Every record as it came, one row each, in partitions of a day.
CREATE TABLE raw (
  grain bigint,
  source text COLLATE "C",
  resource text COLLATE "C",
  agent text COLLATE "C",
  epoch text COLLATE "C",
  seq bigint CHECK (seq > 0),
  time bigint NOT NULL,
  schema text NOT NULL,
  topic text NOT NULL,
  partition bigint NOT NULL,
  "offset" bigint NOT NULL,
  appended bigint NOT NULL,
  received bigint NOT NULL,
  signature text,
  verified boolean NOT NULL,
  sha256 text,
  value bytea,
  PRIMARY KEY (grain, source, resource, agent, epoch, seq),
  CHECK ((sha256 IS NULL) <> (value IS NULL))
) PARTITION BY RANGE (grain);

-- The bytes of those records that describe a person's resource. They can be erased here; their hash stays above.
CREATE TABLE description (
  grain bigint,
  sha256 text COLLATE "C",
  value bytea NOT NULL,
  PRIMARY KEY (grain, sha256)
);

-- What is known of each resource: for people, and the states with which the next record is folded in. first_grain and last_grain span
-- its rows in buckets; raw rows of grains before "edge" may be gone, folding again then begins with the checkpoint.
CREATE TABLE resource_state (
  source text COLLATE "C",
  resource text COLLATE "C",
  kind text NOT NULL,
  project text COLLATE "C",
  "user" text COLLATE "C",
  flavor text,
  name text,
  project_name text,
  user_name text,
  state bigint NOT NULL,
  agent text COLLATE "C" NOT NULL,
  first_seen bigint NOT NULL,
  last_seen bigint NOT NULL,
  first_grain bigint,
  last_grain bigint,
  version bigint NOT NULL,
  fold text NOT NULL,
  seen text NOT NULL,
  edge bigint NOT NULL,
  checkpoint text,
  PRIMARY KEY (source, resource)
) WITH (fillfactor = 50);

-- Usage: one row per grain, resource, counter life, attribute revision and state; its cells are JSON text. In partitions of 30 days.
CREATE TABLE buckets (
  grain bigint,
  source text COLLATE "C",
  resource text COLLATE "C",
  agent text COLLATE "C",
  epoch text COLLATE "C",
  project text COLLATE "C",
  "user" text COLLATE "C",
  flavor text COLLATE "C",
  state bigint,
  cells text NOT NULL,
  PRIMARY KEY (grain, source, resource, agent, epoch, project, "user", flavor, state)
) PARTITION BY RANGE (grain);

-- What could not be taken, and why. No rule but the id: evidence is never refused for looking like other evidence. It stays when it is
-- settled (0: it is not), until retention takes it. source, agent, epoch: whose it was counted as when it was refused (NULL: nobody's);
-- bin and sum: what it was counted as in that table (NULL: not there).
CREATE TABLE dead_letter (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text COLLATE "C" NOT NULL,
  partition bigint NOT NULL,
  "offset" bigint NOT NULL,
  appended bigint,
  received bigint NOT NULL,
  key bytea,
  ce_id text,
  signature text,
  value bytea NOT NULL,
  reason text NOT NULL,
  detail text NOT NULL,
  verified boolean NOT NULL,
  settled bigint NOT NULL,
  outcome text,
  headers_lost boolean NOT NULL,
  source text,
  agent text,
  epoch text,
  bin bigint,
  sum bigint
);

CREATE INDEX dead_letter_place ON dead_letter (topic, partition, "offset");
CREATE INDEX dead_letter_settled ON dead_letter (settled);

-- Foreign meters: one name has one type and one unit, whoever comes first.
CREATE TABLE meter (
  name text COLLATE "C" PRIMARY KEY,
  unit text NOT NULL,
  type text NOT NULL,
  value text NOT NULL
);

-- Who sends, and how much of it came. Times are NULL as long as they are not known; the heartbeat's words are those of the latest one
-- (0: there was none).
CREATE TABLE agent (
  source text COLLATE "C",
  agent text COLLATE "C",
  epoch text COLLATE "C",
  first_time bigint,
  last_time bigint,
  last_appended bigint,
  records bigint NOT NULL,
  samples bigint NOT NULL,
  duplicates bigint NOT NULL,
  refused bigint NOT NULL,
  heartbeat bigint NOT NULL,
  backlog bigint NOT NULL,
  oldest_unsent bigint NOT NULL,
  PRIMARY KEY (source, agent, epoch)
) WITH (fillfactor = 50);

-- What came of each bin of an agent process. Sums of hashes are kept as their upper and lower 32 bits, each added up by itself: the sum
-- is (high << 32) + low modulo 2^64. Bin -2^63: refused records that do not say theirs.
CREATE TABLE bin (
  bin bigint,
  source text COLLATE "C",
  agent text COLLATE "C",
  epoch text COLLATE "C",
  records bigint NOT NULL,
  sum_high bigint NOT NULL,
  sum_low bigint NOT NULL,
  refused_records bigint NOT NULL,
  refused_high bigint NOT NULL,
  refused_low bigint NOT NULL,
  late bigint NOT NULL,
  PRIMARY KEY (bin, source, agent, epoch)
);

-- What was made in a bin, by the first heartbeat that said it.
CREATE TABLE bin_closed (
  bin bigint,
  source text COLLATE "C",
  agent text COLLATE "C",
  epoch text COLLATE "C",
  records bigint NOT NULL CHECK (records >= 0),
  sum_high bigint NOT NULL,
  sum_low bigint NOT NULL,
  said bigint NOT NULL,
  PRIMARY KEY (bin, source, agent, epoch)
);

-- What gap records say is lost. NULL: it does not say when.
CREATE TABLE loss (
  source text COLLATE "C",
  agent text COLLATE "C",
  epoch text COLLATE "C",
  seq bigint CHECK (seq > 0),
  "from" bigint,
  "to" bigint,
  records bigint NOT NULL CHECK (records >= 0),
  resources bigint NOT NULL CHECK (resources >= 0),
  reason text NOT NULL,
  appended bigint NOT NULL,
  PRIMARY KEY (source, agent, epoch, seq)
);

-- What somebody has to look at, said once. A detail may be longer than an index takes.
CREATE TABLE anomaly (
  kind text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  detail text COLLATE "C" NOT NULL,
  noticed bigint NOT NULL
);

CREATE UNIQUE INDEX anomaly_once ON anomaly (kind, source, md5 (subject), md5 (detail));

-- Messages without sequence number, known again by their own id as long as they are kept here.
CREATE TABLE message (
  source text COLLATE "C",
  id text COLLATE "C",
  time bigint NOT NULL,
  PRIMARY KEY (source, id)
);

CREATE INDEX message_time ON message (time);

-- What people ask of the collector (done 0: not answered yet).
CREATE TABLE request (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  action text NOT NULL,
  subject bigint NOT NULL,
  author text NOT NULL,
  reason text,
  asked bigint NOT NULL,
  done bigint NOT NULL DEFAULT 0,
  result text
);

CREATE INDEX request_open ON request (id) WHERE done = 0;

-- Who may do what only one may, by this database's clock; the token rises with each new holder.
CREATE TABLE lease (
  name text COLLATE "C" PRIMARY KEY,
  holder text NOT NULL,
  until timestamptz NOT NULL,
  token bigint NOT NULL
);
