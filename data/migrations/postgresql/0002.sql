-- SPDX-License-Identifier: Apache-2.0
-- Usage that a bill can be built on: readings that are held out and what was decided about them, rollups, closed periods and statements,
-- and views for whoever reads without the program. docs/store.md says what each is for. Columns are added with constant defaults, so no
-- table is rewritten.

-- All that the broker had appended before it is stored (NULL: nobody knows).
ALTER TABLE offsets ADD COLUMN reached bigint;

-- Days before "rolled" have rollups. 0: none; no record is known; none is from the future.
ALTER TABLE resource_state
  ADD COLUMN rolled bigint NOT NULL DEFAULT 0,
  ADD COLUMN reached bigint NOT NULL DEFAULT 0,
  ADD COLUMN parked bigint NOT NULL DEFAULT 0,
  ADD COLUMN decided bigint NOT NULL DEFAULT 0;

-- How far rollups go, and from where on a resource's usage stands in buckets alone, where it does. Their columns change once per grain at
-- most, so that new versions of a row mostly stay in their page.
CREATE INDEX resource_rolled ON resource_state (rolled);
CREATE INDEX resource_open ON resource_state (greatest (rolled, first_grain)) WHERE last_grain >= rolled;

-- What it is about, where that is no dead letter: one JSON object.
ALTER TABLE request ADD COLUMN target text;

-- Readings that were not counted. Values are decimal text with their type; base_time NULL: there is none. decision 0: nobody has decided
-- yet; 1 release, 2 reject, 3 rebase.
CREATE TABLE held (
  source text COLLATE "C",
  resource text COLLATE "C",
  agent text COLLATE "C",
  epoch text COLLATE "C",
  seq bigint CHECK (seq > 0),
  device text COLLATE "C",
  meter text COLLATE "C",
  sample_epoch text COLLATE "C",
  unit text NOT NULL,
  type text NOT NULL,
  time bigint NOT NULL,
  flag bigint NOT NULL,
  value_type text NOT NULL,
  value text NOT NULL,
  base_time bigint,
  base_type text NOT NULL,
  base text NOT NULL,
  amount numeric NOT NULL,
  decision bigint NOT NULL,
  PRIMARY KEY (source, resource, agent, epoch, seq, device, meter, sample_epoch)
);

CREATE INDEX held_open ON held (time) WHERE decision = 0;

-- What people decided about them. Only ever added to; the latest of one reading stands.
CREATE TABLE decision (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text COLLATE "C" NOT NULL,
  resource text COLLATE "C" NOT NULL,
  agent text COLLATE "C" NOT NULL,
  epoch text COLLATE "C" NOT NULL,
  seq bigint NOT NULL CHECK (seq > 0),
  device text COLLATE "C" NOT NULL,
  meter text COLLATE "C" NOT NULL,
  sample_epoch text COLLATE "C" NOT NULL,
  decision bigint NOT NULL CHECK (decision BETWEEN 1 AND 3),
  author text NOT NULL,
  reason text NOT NULL,
  made bigint NOT NULL
);

CREATE INDEX decision_resource ON decision (source, resource);

-- What holds for all records from a time on. Only ever added to; the latest of one "from" stands.
CREATE TABLE policy (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "from" bigint NOT NULL,
  hold boolean NOT NULL,
  network_limit bigint NOT NULL CHECK (network_limit >= 0),
  author text NOT NULL,
  made bigint NOT NULL
);

-- Days (step 1) and months (step 2) of UTC that are over, without counter lives. Made once per day, so three ways in cost little: one
-- resource's, one project's, everybody's.
CREATE TABLE rollup (
  step bigint CHECK (step IN (1, 2)),
  grain bigint,
  source text COLLATE "C",
  resource text COLLATE "C",
  project text COLLATE "C",
  "user" text COLLATE "C",
  flavor text COLLATE "C",
  state bigint,
  cells text NOT NULL,
  PRIMARY KEY (source, resource, step, grain, project, "user", flavor, state)
);

CREATE INDEX rollup_project ON rollup (step, project, grain);
CREATE INDEX rollup_grain ON rollup (step, grain);

-- What stands behind a day of a resource.
CREATE TABLE evidence (
  day bigint,
  source text COLLATE "C",
  resource text COLLATE "C",
  records bigint NOT NULL CHECK (records >= 0),
  root text NOT NULL,
  PRIMARY KEY (day, source, resource)
);

CREATE INDEX evidence_resource ON evidence (source, resource, day);

-- Periods that were closed; touched: usage in it has changed since its last statement.
CREATE TABLE period (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  zone text COLLATE "C" NOT NULL,
  "from" bigint NOT NULL,
  "to" bigint NOT NULL CHECK ("to" > "from"),
  closed bigint NOT NULL,
  author text NOT NULL,
  accepted text,
  touched boolean NOT NULL,
  UNIQUE ("from", "to", zone)
);

-- What was said once. corrects 0: it is a period's own statement.
CREATE TABLE statement (
  number bigint PRIMARY KEY CHECK (number > 0),
  period bigint NOT NULL,
  corrects bigint NOT NULL,
  made bigint NOT NULL,
  author text NOT NULL,
  lines bigint NOT NULL CHECK (lines >= 0),
  sha256 text NOT NULL,
  records bigint NOT NULL CHECK (records >= 0),
  root text NOT NULL,
  missing text
);

CREATE TABLE statement_line (
  number bigint,
  line bigint CHECK (line > 0),
  source text COLLATE "C" NOT NULL,
  project text COLLATE "C" NOT NULL,
  "user" text COLLATE "C" NOT NULL,
  resource text COLLATE "C" NOT NULL,
  device text COLLATE "C" NOT NULL,
  meter text COLLATE "C" NOT NULL,
  unit text COLLATE "C" NOT NULL,
  type text NOT NULL,
  quantity numeric NOT NULL,
  covered_ns numeric NOT NULL,
  flags bigint NOT NULL,
  adjustment bigint NOT NULL,
  PRIMARY KEY (number, line)
);

-- What somebody adds to a bill or takes from it. statement 0: none has it yet.
CREATE TABLE adjustment (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text COLLATE "C" NOT NULL,
  project text COLLATE "C" NOT NULL,
  "user" text COLLATE "C" NOT NULL,
  resource text COLLATE "C" NOT NULL,
  device text COLLATE "C" NOT NULL,
  meter text COLLATE "C" NOT NULL,
  unit text COLLATE "C" NOT NULL,
  type text NOT NULL,
  quantity numeric NOT NULL CHECK (quantity <> 0),
  reason text NOT NULL,
  author text NOT NULL,
  made bigint NOT NULL,
  statement bigint NOT NULL DEFAULT 0
);

-- The start of UTC's month that holds a time.
CREATE FUNCTION month_of (ns bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT extract (epoch FROM date_trunc ('month', to_timestamp (ns / 1000000000) AT TIME ZONE 'UTC'))::bigint * 1000000000 $$;

-- What a cell's limbs to the base 10^9 say; a gauge's in its unit times seconds.
CREATE FUNCTION cell_quantity (type text, q json) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT trim_scale ((coalesce ((q ->> 0)::numeric, 0) + coalesce ((q ->> 1)::numeric, 0) * 1000000000
     + coalesce ((q ->> 2)::numeric, 0) * 1000000000000000000 + coalesce ((q ->> 3)::numeric, 0) * 1000000000000000000000000000
     + coalesce ((q ->> 4)::numeric, 0) * 1000000000000000000000000000000000000)
     * CASE type WHEN 'g' THEN 0.000000001 ELSE 1 END) $$;

CREATE FUNCTION time_of (ns bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT to_timestamp (ns / 1000000000.0) $$;

CREATE FUNCTION state_name (state bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce ((ARRAY['running', 'paused', 'shutting-down', 'shutoff', 'undefined', 'lost'])[state::int], '') $$;

CREATE FUNCTION flag_names (flags bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN coalesce (flags, 0) = 0 THEN '' ELSE concat_ws (',',
     CASE WHEN flags & 1 <> 0 THEN 'from_start' END,
     CASE WHEN flags & 2 <> 0 THEN 'baseline' END,
     CASE WHEN flags & 4 <> 0 THEN 'reset' END,
     CASE WHEN flags & 8 <> 0 THEN 'reset_inferred' END,
     CASE WHEN flags & 16 <> 0 THEN 'regress' END,
     CASE WHEN flags & 32 <> 0 THEN 'estimated_distribution' END,
     CASE WHEN flags & 64 <> 0 THEN 'moved' END,
     CASE WHEN flags & 128 <> 0 THEN 'conflict' END,
     CASE WHEN flags & 256 <> 0 THEN 'inexact' END,
     CASE WHEN flags & 512 <> 0 THEN 'wrap' END,
     CASE WHEN flags & 1024 <> 0 THEN 'overflow' END,
     CASE WHEN flags & 2048 <> 0 THEN 'overlap' END,
     CASE WHEN flags & 4096 <> 0 THEN 'late' END,
     CASE WHEN flags & 8192 <> 0 THEN 'duplicate' END,
     CASE WHEN flags & 16384 <> 0 THEN 'regress_stuck' END,
     CASE WHEN flags & 32768 <> 0 THEN 'implausible' END,
     CASE WHEN flags & 65536 <> 0 THEN 'clock_step' END,
     CASE WHEN flags & 131072 <> 0 THEN 'future' END,
     CASE WHEN flags & 262144 <> 0 THEN 'released' END,
     CASE WHEN flags & 524288 <> 0 THEN 'rebased' END,
     CASE WHEN flags & 1048576 <> 0 THEN 'held' END) END $$;

-- Buckets that are in no rollup of a day. Most resources are rolled up to the same day, and all rows from there on are read in a row;
-- at most 1,000 that are behind are looked for one by one, so that one late record costs no reader a scan of months.
CREATE VIEW open_bucket AS
SELECT b.grain, b.source, b.resource, b.agent, b.epoch, b.project, b."user", b.flavor, b.state, b.cells
  FROM buckets b LEFT JOIN resource_state r ON r.source = b.source AND r.resource = b.resource
 WHERE b.grain >= coalesce (r.rolled, 0)
   AND b.grain >= coalesce ((SELECT greatest (rolled, first_grain) FROM resource_state WHERE last_grain >= rolled
                              ORDER BY greatest (rolled, first_grain) OFFSET 1000 LIMIT 1), 9223372036854775807)
UNION ALL
SELECT s.grain, r.source, r.resource, b.agent, b.epoch, b.project, b."user", b.flavor, b.state, b.cells
  FROM resource_state r
 CROSS JOIN LATERAL generate_series (greatest (r.rolled, r.first_grain), r.last_grain,
                                     (SELECT value::bigint FROM setting WHERE name = 'grain_ns')) AS s (grain)
 CROSS JOIN LATERAL (SELECT * FROM buckets i WHERE i.grain = s.grain AND i.source = r.source AND i.resource = r.resource OFFSET 0) b
 WHERE r.last_grain >= r.rolled
   AND greatest (r.rolled, r.first_grain) < coalesce ((SELECT greatest (rolled, first_grain) FROM resource_state WHERE last_grain >= rolled
         ORDER BY greatest (rolled, first_grain) OFFSET 1000 LIMIT 1), 9223372036854775807)
   AND s.grain < coalesce ((SELECT greatest (rolled, first_grain) FROM resource_state WHERE last_grain >= rolled
         ORDER BY greatest (rolled, first_grain) OFFSET 1000 LIMIT 1), 9223372036854775807);

-- What people and dashboards read (docs/store.md). Several rows may be about one bucket: its reader adds them up. bucket_ns is the time of
-- the row that it comes from: a condition on it is one that indices serve.
CREATE VIEW usage_hourly AS
SELECT x.source, x.project, x."user", x.flavor, state_name (x.state) AS state, x.resource, coalesce (c.d, '') AS device, c.m AS meter,
       CASE c.t WHEN 'c' THEN 'cumulative' WHEN 'g' THEN 'gauge' ELSE 'delta' END AS type,
       CASE c.t WHEN 'g' THEN c.u || '.s' ELSE c.u END AS unit,
       time_of (x.grain - x.grain % 3600000000000) AS bucket_start, x.grain AS bucket_ns, cell_quantity (c.t, c.q) AS quantity,
       cell_quantity (c.t, c.q)::double precision AS quantity_approx, trim_scale (c.c * 0.000000001) AS covered_seconds,
       flag_names (c.f) AS flags
  FROM buckets x
 CROSS JOIN LATERAL json_to_recordset (x.cells::json) AS c (m text, d text, t text, u text, q json, c numeric, f bigint);

CREATE VIEW usage_daily AS
SELECT x.source, x.project, x."user", x.flavor, state_name (x.state) AS state, x.resource, coalesce (c.d, '') AS device, c.m AS meter,
       CASE c.t WHEN 'c' THEN 'cumulative' WHEN 'g' THEN 'gauge' ELSE 'delta' END AS type,
       CASE c.t WHEN 'g' THEN c.u || '.s' ELSE c.u END AS unit,
       time_of (x.grain - x.grain % 86400000000000) AS bucket_start, x.grain AS bucket_ns, cell_quantity (c.t, c.q) AS quantity,
       cell_quantity (c.t, c.q)::double precision AS quantity_approx, trim_scale (c.c * 0.000000001) AS covered_seconds,
       flag_names (c.f) AS flags
  FROM (SELECT grain, source, resource, project, "user", flavor, state, cells FROM rollup WHERE step = 1
        UNION ALL
        SELECT grain, source, resource, project, "user", flavor, state, cells FROM open_bucket) x
 CROSS JOIN LATERAL json_to_recordset (x.cells::json) AS c (m text, d text, t text, u text, q json, c numeric, f bigint);

CREATE VIEW usage_monthly AS
SELECT x.source, x.project, x."user", x.flavor, state_name (x.state) AS state, x.resource, coalesce (c.d, '') AS device, c.m AS meter,
       CASE c.t WHEN 'c' THEN 'cumulative' WHEN 'g' THEN 'gauge' ELSE 'delta' END AS type,
       CASE c.t WHEN 'g' THEN c.u || '.s' ELSE c.u END AS unit,
       time_of (month_of (x.grain)) AS bucket_start, x.grain AS bucket_ns, cell_quantity (c.t, c.q) AS quantity,
       cell_quantity (c.t, c.q)::double precision AS quantity_approx, trim_scale (c.c * 0.000000001) AS covered_seconds,
       flag_names (c.f) AS flags
  FROM (SELECT grain, source, resource, project, "user", flavor, state, cells FROM rollup WHERE step = 2
        UNION ALL
        SELECT d.grain, d.source, d.resource, d.project, d."user", d.flavor, d.state, d.cells
          FROM resource_state r
          JOIN rollup d ON d.step = 1 AND d.source = r.source AND d.resource = r.resource AND d.grain >= month_of (r.rolled)
         WHERE r.rolled > 0
        UNION ALL
        SELECT grain, source, resource, project, "user", flavor, state, cells FROM open_bucket) x
 CROSS JOIN LATERAL json_to_recordset (x.cells::json) AS c (m text, d text, t text, u text, q json, c numeric, f bigint);

CREATE VIEW resources AS
SELECT source, resource, kind, project, "user", flavor, name, project_name, user_name, state_name (state) AS state, agent,
       time_of (first_seen) AS first_seen, time_of (last_seen) AS last_seen
  FROM resource_state;

-- Those that are not shipped.
CREATE VIEW meters AS
SELECT name, unit, type, value FROM meter;

CREATE VIEW agents AS
SELECT source, agent, epoch, time_of (first_time) AS first_time, time_of (last_time) AS last_time,
       time_of (last_appended) AS last_appended, records, samples, duplicates, refused, time_of (nullif (heartbeat, 0)) AS heartbeat,
       backlog, time_of (nullif (oldest_unsent, 0)) AS oldest_unsent
  FROM agent;

-- What was said once, and the readings that wait for a decision.
CREATE VIEW anomalies AS
SELECT kind, source, subject, detail, time_of (noticed) AS noticed FROM anomaly
UNION ALL
SELECT flag_names (flag), source, resource,
       ltrim (device || ' ' || meter) || ': ' || value || ' ' || unit || ' from ' || agent || ', number ' || seq
       || CASE WHEN base_time IS NULL THEN '' ELSE ', after ' || base END, time_of (time)
  FROM held WHERE decision = 0;

-- Without their bytes.
CREATE VIEW dead_letters AS
SELECT id, topic, partition, "offset", time_of (appended) AS appended, time_of (received) AS received, ce_id, reason, detail, verified,
       time_of (nullif (settled, 0)) AS settled, outcome, source, agent, epoch
  FROM dead_letter;

CREATE VIEW statements AS
SELECT s.number, p.name AS period, p.zone, time_of (p."from") AS period_start, time_of (p."to") AS period_end,
       nullif (s.corrects, 0) AS corrects, time_of (s.made) AS made, s.author, s.lines, s.records, s.sha256, s.root, s.missing
  FROM statement s JOIN period p ON p.id = s.period;

CREATE VIEW statement_lines AS
SELECT number, line, source, project, "user", resource, device, meter, type,
       CASE type WHEN 'gauge' THEN unit || '.s' ELSE unit END AS unit,
       trim_scale (quantity * CASE type WHEN 'gauge' THEN 0.000000001 ELSE 1 END) AS quantity,
       (quantity * CASE type WHEN 'gauge' THEN 0.000000001 ELSE 1 END)::double precision AS quantity_approx,
       trim_scale (covered_ns * 0.000000001) AS covered_seconds, flag_names (flags) AS flags, nullif (adjustment, 0) AS adjustment
  FROM statement_line;
